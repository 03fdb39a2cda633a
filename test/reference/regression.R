#!/usr/bin/env Rscript
# SPDX-License-Identifier: PostgreSQL
# Fits every line of regression_models.csv in R and writes what the tests compare with:
#
#   regression_coefficients.csv  model, name (column and label), coefficient, its standard error
#                                and p-value, VIF, average marginal effect and its error
#   regression_statistics.csv    model, name, value
#   regression_paths.csv         model, step, name, value of the elastic net's path
#
# Run in this folder:  Rscript regression.R [PATTERN]   (Debian: r-cran-mass r-cran-nnet
# r-cran-glmnet r-cran-sandwich).  With a pattern the models it fits are printed only.
#
# R's own tolerances, set so that they are no limit: glm epsilon 1e-14 and several times over from
# where that ends, glm.nb epsilon 1e-13,
# multinom reltol 1e-16, glmnet thresh 1e-14; the last two still stop at about 1e-6 and 1e-4, so that
# Newton's steps follow until they are nothing, and how far R had been off is printed.  Standard errors, VIF, marginal effects and
# the condition number are computed here by their formulas, not by the code under test:
#
#   VIF        1 / (1 - R2 of the design's column regressed on all other columns), with the weights
#              of the last step of iteratively reweighted least squares, as car::vif has it
#   effect     of a number: mean of p (1 - p) times its coefficient; of a label: mean of p with the
#              label less p with the reference; errors by the delta method; means are weighted as the rows are
#   condition  largest by smallest singular value of the design times the square roots of those
#              weights, columns scaled to length 1 (Belsley)
invisible(Sys.setlocale("LC_ALL", "C"))
options(warn = 1)
suppressPackageStartupMessages({library(MASS); library(nnet); library(glmnet); library(sandwich)})
source("regression_data.R")

tight <- glm.control(epsilon = 1e-14, maxit = 100)

# "positive=yes l2=0" as a list of texts
options_of <- function(text)
{
	pairs <- strsplit(strsplit(text, " ")[[1]], "=")
	setNames(lapply(pairs, `[`, 2), sapply(pairs, `[`, 1))
}

design_of <- function(d, features)
	model.matrix(reformulate(sprintf("`%s`", features)), d)

# Names as cia's parts give them: column and label, without R's backquotes.
plain <- function(names) gsub("`", "", names)

glm_fit <- function(d, m, o)
{
	family <- switch(m$algorithm,
		logistic = binomial(if (is.null(o$link)) "logit" else o$link),
		poisson = poisson(),
		gamma = Gamma(if (is.null(o$link)) "inverse" else o$link))
	# from R's own start the inverse link leaves the positive numbers on some data
	start <- if (m$algorithm == "gamma")
		c(family$linkfun(mean(d$.target)), rep(0, ncol(model.matrix(m$formula, d)) - 1))
	fit <- glm(m$formula, family, d, weights = d$.weight, offset = d$.offset, start = start, control = tight)
	# epsilon 1e-14 of the deviance is 1e-7 of a coefficient; other links converge at a rate only
	for (i in 1:(if (nrow(d) < 50000) 10 else 3)) {
		start <- coef(fit)
		fit <- glm(m$formula, family, d, weights = d$.weight, offset = d$.offset, start = start, control = tight)
	}
	fit
}

standard_errors <- function(fit, d, o)
{
	v <- if (!is.null(o$cluster)) vcovCL(fit, d[[o$cluster]], type = "HC1", cadjust = TRUE)
		else if (!is.null(o$robust)) vcovHC(fit, type = "HC1")
		else vcov(fit)
	v[seq_along(coef(fit)), seq_along(coef(fit))]
}

vifs <- function(x, weight)
	c(NA, sapply(2:ncol(x), function(j) {
		r <- lm.wfit(x[, -j, drop = FALSE], x[, j], weight)$residuals
		centre <- weighted.mean(x[, j], weight)
		sum(weight * (x[, j] - centre)^2) / sum(weight * r^2)
	}))

# Average effects of a logistic model and their errors by the delta method.
marginal_effects <- function(x, b, v, d, features, weight)
{
	average <- function(values) drop(weight %*% as.matrix(values)) / sum(weight)
	slope <- function(eta) { p <- plogis(eta); p * (1 - p) }
	effect <- error <- rep(NA_real_, length(b))
	assign <- attr(x, "assign")
	for (j in 2:length(b)) {
		if (is.factor(d[[features[assign[j]]]])) {
			with <- without <- x
			without[, assign == assign[j]] <- with[, assign == assign[j]] <- 0
			with[, j] <- 1
			effect[j] <- average(plogis(with %*% b) - plogis(without %*% b))
			gradient <- average(as.vector(slope(with %*% b)) * with - as.vector(slope(without %*% b)) * without)
		} else {
			eta <- as.vector(x %*% b)
			p <- plogis(eta)
			effect[j] <- average(slope(eta)) * b[j]
			gradient <- b[j] * average(slope(eta) * (1 - 2 * p) * x)
			gradient[j] <- gradient[j] + average(slope(eta))
		}
		error[j] <- sqrt(drop(gradient %*% v %*% gradient))
	}
	cbind(effect, error)
}

condition <- function(x, weight)
{
	x <- sqrt(weight) * x
	s <- svd(sweep(x, 2, sqrt(colSums(x^2)), "/"), 0, 0)$d
	s[1] / s[length(s)]
}

# From the information at the solution; SE.theta of MASS is that of the last step but one.
theta_error <- function(fit, weight)
{
	th <- fit$theta
	mu <- fit$fitted
	1 / sqrt(sum(weight * (trigamma(th) - trigamma(th + fit$y) - 1 / th + 2 / (mu + th) - (fit$y + th) / (mu + th)^2)))
}

linear_like <- function(m, d, o)
{
	x <- design_of(d, m$features)
	weight <- if (is.null(d$.weight)) rep(1, nrow(d)) else d$.weight
	fit <- switch(m$algorithm,
		linear = lm(m$formula, d, weights = d$.weight),
		negative_binomial = { # its update() looks into the caller's frame
			d$.weight <- weight
			if (!is.null(d$.offset)) m$formula <- update(m$formula, . ~ . + offset(.offset))
			glm.nb(m$formula, d, weights = .weight, control = glm.control(epsilon = 1e-13, maxit = 200))
		},
		glm_fit(d, m, o))
	stopifnot(m$algorithm == "linear" || fit$converged)
	v <- standard_errors(fit, d, o)
	b <- coef(fit)
	working <- if (m$algorithm == "linear") weight else weights(fit, "working")
	effects <- if (!is.null(o$marginal_effects))
		marginal_effects(x, b, v, d, m$features, weight) else matrix(NA, length(b), 2)
	s <- list(observations = nrow(d), df_residual = df.residual(fit), df_model = length(b) - 1,
		log_likelihood = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit),
		deviance = deviance(fit), condition_number = condition(x, working))
	if (!is.null(o$class_weight)) { # R takes weights for counts of trials, and rounds them
		s$log_likelihood <- -deviance(fit) / 2
		s$aic <- deviance(fit) + 2 * length(b)
		s$bic <- deviance(fit) + log(nrow(d)) * length(b)
	}
	if (m$algorithm == "linear") {
		r <- summary(fit)
		s <- c(s, r2 = r$r.squared, adjusted_r2 = r$adj.r.squared,
			f_statistic = r$fstatistic[[1]],
			f_p_value = pf(r$fstatistic[[1]], r$fstatistic[[2]], r$fstatistic[[3]], lower.tail = FALSE), dispersion = r$sigma^2)
	} else
		s <- c(s, null_deviance = fit$null.deviance, dispersion = summary(fit)$dispersion,
			pseudo_r2 = 1 - deviance(fit) / fit$null.deviance)
	if (!m$algorithm %in% c("linear", "gamma"))
		s <- c(s, likelihood_ratio = fit$null.deviance - deviance(fit), likelihood_ratio_p_value =
			pchisq(fit$null.deviance - deviance(fit), length(b) - 1, lower.tail = FALSE))
	if (m$algorithm == "negative_binomial")
		s <- c(s, theta = fit$theta, theta_error = theta_error(fit, weight))
	if (!is.null(o$robust)) s <- s["observations"]
	if (!is.null(o$cluster))
		s <- list(observations = nrow(d), clusters = length(unique(d[[o$cluster]])))
	error <- sqrt(diag(v))
	z <- abs(b / error)
	dispersed <- m$algorithm %in% c("linear", "gamma")
	s$quantile <- if (dispersed) qt(0.975, df.residual(fit)) else qnorm(0.975)
	list(coefficients = data.frame(name = plain(names(b)), coefficient = b, error = error,
		p = 2 * if (dispersed) pt(z, df.residual(fit), lower.tail = FALSE) else pnorm(z, lower.tail = FALSE),
		vif = if (ncol(x) < 50) vifs(x, working) else NA, effect = effects[, 1], effect_error = effects[, 2]), statistics = s)
}

# nnet's quasi-Newton, then Newton's steps with its Hessian: it stops at about 1e-6.
multinomial <- function(m, d)
{
	x <- design_of(d, m$features)
	labels <- levels(d$.target)
	fit <- multinom(m$formula, d, trace = FALSE, reltol = 1e-16, abstol = 0, maxit = 5000, Hess = TRUE)
	b <- if (length(labels) == 2) rbind(coef(fit)) else coef(fit)
	y <- sapply(labels[-1], function(l) as.numeric(d$.target == l))
	raw <- as.vector(t(b))
	beta <- raw
	for (step in 1:6) {
		e <- exp(x %*% matrix(beta, ncol(x)))
		p <- e / (1 + rowSums(e))
		k <- ncol(p)
		h <- matrix(0, k * ncol(x), k * ncol(x))
		at <- function(i) (i - 1) * ncol(x) + seq_len(ncol(x))
		for (i in 1:k) for (j in 1:k)
			h[at(i), at(j)] <- crossprod(x, x * p[, i] * ((i == j) - p[, j]))
		scale <- 1 / sqrt(diag(h))
		move <- scale * solve(h * outer(scale, scale), scale * as.vector(crossprod(x, y - p)))
		beta <- beta + move
	}
	error <- sqrt(scale * diag(solve(h * outer(scale, scale))) * scale)
	message(sprintf("%s: multinom within %.1e of the maximum, its last step %.1e; errors within %.1e", m$model,
		max(abs(raw - beta) / abs(beta)), max(abs(move) / abs(beta)),
		max(abs(as.vector(t(summary(fit)$standard.errors)) - error) / error)))
	e <- exp(x %*% matrix(beta, ncol(x)))
	p <- cbind(1, e) / (1 + rowSums(e))
	loglik <- sum(log(p[cbind(seq_len(nrow(x)), as.integer(d$.target))]))
	edf <- length(beta)
	names <- paste0(rep(labels[-1], each = ncol(x)), ":", plain(colnames(x)))
	share <- table(d$.target) / nrow(d)
	list(coefficients = data.frame(name = names, coefficient = beta, error = error,
			p = 2 * pnorm(abs(beta / error), lower.tail = FALSE), vif = NA, effect = NA, effect_error = NA),
		statistics = list(observations = nrow(d), log_likelihood = loglik, deviance = -2 * loglik,
			null_deviance = -2 * nrow(d) * sum(share * log(share)), aic = 2 * edf - 2 * loglik,
			bic = log(nrow(d)) * edf - 2 * loglik,
			pseudo_r2 = 1 - loglik / (nrow(d) * sum(share * log(share)))))
}

# From glmnet's solution b to the minimum of what it minimizes, by Newton's steps on the
# coefficients that are not zero:  mean loss + lambda (alpha |b| + (1 - alpha) / 2 b^2 / scale), b of
# standardized columns, scale the deviation of y for gaussian and 1 for others.
polish <- function(x, y, family, alpha, lambda, b, offset)
{
	gaussian <- family$family == "gaussian"
	deviation <- function(v) sqrt(mean((v - mean(v))^2))
	spread <- apply(x, 2, deviation)
	z <- scale(x, colMeans(x), spread)
	beta <- c(b[1] + sum(b[-1] * colMeans(x)), b[-1] * spread)
	on <- c(TRUE, b[-1] != 0)
	ridge <- lambda * (1 - alpha) / if (gaussian) deviation(y) else 1
	design <- cbind(1, z)
	for (step in 1:30) {
		p <- family$linkinv(drop(design %*% beta) + offset)
		pull <- c(0, lambda * alpha * sign(beta[-1]) + ridge * beta[-1])
		weight <- family$variance(p)
		h <- crossprod(design[, on], weight * design[, on]) / nrow(x) + diag(c(0, rep(ridge, sum(on) - 1)), sum(on))
		beta[on] <- beta[on] + solve(h, drop(crossprod(design[, on], y - p)) / nrow(x) - pull[on])
	}
	# the others stay at zero by right
	g <- crossprod(design, y - family$linkinv(drop(design %*% beta) + offset)) / nrow(x)
	stopifnot(abs(g[!on]) <= lambda * alpha * (1 + 1e-6), sign(beta[on][-1]) == sign(b[-1][on[-1]]))
	c(beta[1] - sum(beta[-1] / spread * colMeans(x)), beta[-1] / spread)
}

# The fit at one lambda, and two steps of the path of 100.
elastic_net <- function(m, d, o)
{
	x <- design_of(d, m$features)[, -1]
	alpha <- as.numeric(o$alpha)
	family <- switch(m$algorithm, linear = gaussian(), logistic = binomial(), poisson = poisson())
	y <- if (m$algorithm == "logistic") as.numeric(d$.target == o$positive) else d$.target
	offset <- if (is.null(d$.offset)) rep(0, nrow(d)) else d$.offset
	net <- function(...)
		glmnet(x, y, family$family, alpha = alpha, offset = if (any(offset != 0)) offset,
			standardize = TRUE, thresh = 1e-14, maxit = 1e8, ...)
	glmnet.control(fdev = 0, devmax = 1)
	path <- net(nlambda = 100)
	steps <- c(20, 45)
	raw <- cbind(coef(net(lambda = as.numeric(o$lambda)))[, 1], as.matrix(coef(path))[, steps])
	lambda <- c(as.numeric(o$lambda), path$lambda[steps])
	b <- sapply(1:3, function(i) polish(x, y, family, alpha, lambda[i], raw[, i], offset))
	message(sprintf("%s: glmnet within %.1e of the minimum", m$model, max(abs(raw / b - 1)[raw != 0])))
	list(coefficients = data.frame(name = plain(rownames(raw)), coefficient = b[, 1], error = NA, p = NA,
			vif = NA, effect = NA, effect_error = NA),
		statistics = list(observations = nrow(d)),
		path = data.frame(step = rep(steps, each = nrow(b) + 3),
			name = rep(c("lambda", "df", "deviance_ratio", plain(rownames(raw))), length(steps)),
			value = as.vector(rbind(path$lambda[steps], path$df[steps], path$dev.ratio[steps], b[, -1]))))
}

fit_model <- function(m)
{
	o <- options_of(m$options)
	m$features <- strsplit(m$features, " ")[[1]]
	m$formula <- reformulate(sprintf("`%s`", m$features), ".target")
	d <- prepare(get(m$dataset)())
	d$.target <- d[[m$target]]
	if (m$algorithm == "logistic")
		d$.target <- factor(d$.target == o$positive, c(FALSE, TRUE), c("other", o$positive))
	if (!is.null(o$weight)) d$.weight <- d[[o$weight]]
	if (!is.null(o$class_weight)) d$.weight <- as.vector(nrow(d) / 2 / table(d$.target))[as.integer(d$.target)]
	if (!is.null(o$offset)) d$.offset <- d[[o$offset]]
	if (!is.null(o$exposure)) d$.offset <- log(d[[o$exposure]])
	if (!is.null(o$lambda)) elastic_net(m, d, o)
	else if (m$algorithm == "multinomial") multinomial(m, d)
	else linear_like(m, d, o)
}

write_table <- function(parts, file)
{
	d <- do.call(rbind, parts)
	for (name in names(d))
		if (is.double(d[[name]])) d[[name]] <- ifelse(is.na(d[[name]]), "", sprintf("%.11g", d[[name]]))
	write.csv(d, file, row.names = FALSE, quote = FALSE)
}

models <- read.csv("regression_models.csv", na.strings = NULL)
models$options[is.na(models$options)] <- ""
pattern <- c(commandArgs(TRUE), "")[1]
coefficients <- statistics <- paths <- list()
for (i in grep(pattern, models$model)) {
	m <- as.list(models[i, ])
	if (interactive() || pattern != "") message(m$model)
	r <- fit_model(m)
	coefficients[[m$model]] <- cbind(model = m$model, r$coefficients)
	statistics[[m$model]] <- data.frame(model = m$model, name = names(r$statistics), value = as.numeric(unlist(r$statistics)))
	if (!is.null(r$path)) paths[[m$model]] <- cbind(model = m$model, r$path)
}
if (pattern != "") {
	print(lapply(list(coefficients, statistics, paths), function(p) if (length(p)) do.call(rbind, unname(p))))
} else {
	write_table(unname(coefficients), "regression_coefficients.csv")
	write_table(unname(statistics), "regression_statistics.csv")
	write_table(unname(paths), "regression_paths.csv")
}
