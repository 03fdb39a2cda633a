# SPDX-License-Identifier: PostgreSQL
#
# Rscript test/reference/judging.R: DeLong's intervals and paired tests by pROC, the other tests in
# pairs and the lift table by their formulas, of the rows that judging.py has made; writes judging_r.csv.
suppressMessages(library(pROC))
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
rows <- read.csv(file.path(here, "judging_rows.csv"))
out <- data.frame()
add <- function(set, of, name, a, b = NA, c = NA, d = NA) {
  out <<- rbind(out, data.frame(rows = set, of = of, name = name, a = a, b = b, c = c, d = d))
}
z_test <- function(set, name, difference) {
  error <- sd(difference) / sqrt(length(difference))
  add(set, "difference", name, mean(difference), mean(difference) - qnorm(0.975) * error,
      mean(difference) + qnorm(0.975) * error, 2 * pnorm(-abs(mean(difference)) / error))
}
for (set in c("random", "tied", "few")) {
  d <- rows[rows$rows == set, ]
  a <- plogis(d$z_a)
  b <- plogis(d$z_b)
  roc_a <- roc(d$y, a, levels = c(0, 1), direction = "<", quiet = TRUE)
  roc_b <- roc(d$y, b, levels = c(0, 1), direction = "<", quiet = TRUE)
  ci <- as.numeric(ci.auc(roc_a, method = "delong"))
  add(set, "interval", "auc", ci[2], ci[1], ci[3])
  test <- roc.test(roc_a, roc_b, method = "delong", paired = TRUE)
  difference <- as.numeric(auc(roc_a) - auc(roc_b))
  error <- sqrt(var(roc_a) + var(roc_b) - 2 * cov(roc_a, roc_b))
  add(set, "difference", "auc", difference, difference - qnorm(0.975) * error,
      difference + qnorm(0.975) * error, test$p.value)
  right_a <- (a >= 0.5) == (d$y == 1)
  right_b <- (b >= 0.5) == (d$y == 1)
  wilson <- function(hits) prop.test(sum(hits), length(hits), correct = FALSE)$conf.int
  add(set, "interval", "accuracy", mean(right_a), wilson(right_a)[1], wilson(right_a)[2])
  add(set, "interval", "recall", mean(right_a[d$y == 1]), wilson(right_a[d$y == 1])[1],
      wilson(right_a[d$y == 1])[2])
  only <- c(sum(right_a & !right_b), sum(right_b & !right_a))
  n <- nrow(d) + 2
  share <- (only + 1) / n
  half <- qnorm(0.975) * sqrt((sum(share) - diff(share)^2) / n)
  add(set, "difference", "accuracy", mean(right_a) - mean(right_b),
      max(share[1] - share[2] - half, -1), min(share[1] - share[2] + half, 1),
      2 * (pbinom(min(only), sum(only), 0.5) - dbinom(min(only), sum(only), 0.5) / 2))
  likelihood <- function(p) -log(ifelse(d$y == 1, p, 1 - p))
  z_test(set, "log_loss", likelihood(a) - likelihood(b))
  z_test(set, "brier", (d$y - a)^2 - (d$y - b)^2)
}
# Deciles by the middle rank: rows of one score are in one bin.  Weights are so many rows.
for (set in unique(rows$rows)) {
  d <- rows[rows$rows == set, ]
  d <- d[rep(seq_len(nrow(d)), d$w), ]
  bin <- pmin(floor(10 * (rank(-d$z_a, ties.method = "average") - 0.5) / nrow(d)) + 1, 10)
  n <- tapply(d$y, bin, length)
  hits <- tapply(d$y, bin, sum)
  gain <- cumsum(hits) / sum(hits)
  for (k in seq_along(n)) {
    add(set, "lift", names(n)[k], n[[k]], hits[[k]], hits[[k]] / n[[k]] / mean(d$y), gain[[k]])
    add(set, "cumulative lift", names(n)[k], cumsum(n)[[k]] / nrow(d), gain[[k]] * nrow(d) / cumsum(n)[[k]],
        gain[[k]] - cumsum(n - hits)[[k]] / sum(n - hits))
  }
}
options(digits = 17)
number <- c("a", "b", "c", "d")
out[number] <- lapply(out[number], function(x) ifelse(is.na(x), "", trimws(formatC(x, digits = 17, format = "g"))))
write.csv(out, file.path(here, "judging_r.csv"), row.names = FALSE, quote = FALSE)
