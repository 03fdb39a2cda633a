# SPDX-License-Identifier: PostgreSQL
# The data of regression.R: a table made by a formula in whole numbers, which
# regression_data.sql makes too, and the real files of ../shared/data.

shared <- file.path("..", "..", "..", "shared", "data")

# Whole numbers below the prime 1000003, of row i and column k; exact in doubles.
draw <- function(i, k) ((i * i) %% 1000003 * (7919 * k + 13) + i * (104729 * k + 7) + 31 * k) %% 1000003

synthetic <- function(rows = 1500)
{
	i <- as.numeric(1:rows)
	d <- data.frame(n = i)
	d$x1 <- (draw(i, 1) %% 1000) / 100
	d$x2 <- (draw(i, 2) %% 2001 - 1000) / 250
	d$x3 <- 50000 + draw(i, 3) %% 40001 + 1000 * (draw(i, 2) %% 7)
	d$x4 <- ifelse(draw(i, 4) %% 10 == 0, NA, (draw(i, 4) %% 900) / 8)
	r <- draw(i, 5) %% 4
	s <- draw(i, 6) %% 3
	d$region <- c("east", "north", "south", "west")[r + 1]
	d$segment <- c("mass", "private", "small business")[s + 1]
	b <- draw(i, 7) %% 7
	d$branch <- ifelse(b == 6, NA, c("a", "b", "c", "d", "e", "f", NA)[b + 1])
	d$household <- draw(i, 8) %% 60
	d$w <- 1 + draw(i, 9) %% 4
	d$o <- (draw(i, 10) %% 9) / 16
	d$e <- (1 + draw(i, 11) %% 12) / 12
	x <- floor(d$x1)
	d$amount <- 10 * x - 3 * d$x2 + 5 * r * s + (d$household %% 5) + (draw(i, 12) %% 401 - 200) / (4 + 2 * s)
	d$bought <- ifelse(draw(i, 13) %% 100 < 10 + 4 * x + 8 * r + 5 * s + floor(3 * d$x2), "yes", "no")
	d$claims <- (draw(i, 14) %% (2 + r)) * ((draw(i, 15) %% (x + 3)) > 2)
	d$cost <- (20 + draw(i, 16) %% 1000) * (10 + x + 2 * r) / 500
	d$visits <- (draw(i, 17) %% (3 + s)) * (draw(i, 18) %% (2 + floor(x / 2))) * (draw(i, 19) %% 2)
	d$product3 <- c("card", "loan", "account")[1 + (floor((draw(i, 20) %% 100 + 4 * x) / 40) + r * (draw(i, 21) %% 3 == 0)) %% 3]
	d$product5 <- paste0("p", (floor((draw(i, 22) %% 100 + 5 * x) / 31) + s * (draw(i, 23) %% 2)) %% 5)
	d
}

# Exposures and offsets far from those that the mean of the target suggests.
tiny <- function() transform(synthetic(), e = e / 1e5, o = o / 100)

telco <- function()
{
	d <- read.csv(file.path(shared, "telco-churn", "Telco-Customer-Churn.csv"))
	data.frame(tenure = d$tenure, months = d$tenure + 1, monthly_charges = d$MonthlyCharges, contract = d$Contract,
		internet_service = d$InternetService, paperless_billing = d$PaperlessBilling,
		senior_citizen = d$SeniorCitizen, payment_method = d$PaymentMethod, partner = d$Partner,
		tenure_band = paste0("t", pmin(4, d$tenure %/% 15)), churn = d$Churn)
}

churn <- function()
{
	d <- read.csv(file.path(shared, "bank-churn", "Churn_Modelling.csv"))
	data.frame(surname = d$Surname, credit_score = d$CreditScore, geography = d$Geography, gender = d$Gender,
		age = d$Age, tenure = d$Tenure, balance = d$Balance, num_of_products = d$NumOfProducts,
		has_cr_card = d$HasCrCard, is_active_member = d$IsActiveMember,
		estimated_salary = d$EstimatedSalary, age_band = paste0("a", pmax(0, pmin(4, d$Age %/% 10 - 2))),
		exited = d$Exited)
}

marketing <- function() read.csv(gzfile(file.path(shared, "bank-marketing", "bank-full.csv.gz")), sep = ";")
calls <- function() subset(marketing(), duration > 0)

# So many rows and columns that the Gram matrix and a start on a sample are used.
twice <- function()
{
	d <- transform(calls(), day = paste0("d", day))
	rbind(d, d)
}

# One row per customer: the first day's purchase, and what followed until 1997-09-30.
cdnow <- function()
{
	d <- read.table(file.path(shared, "cdnow", "CDNOW_sample.txt"),
		col.names = c("master", "id", "date", "cds", "dollars"))
	first <- tapply(d$date, d$id, min)
	opening <- d$date == first[as.character(d$id)]
	s <- read.csv(file.path(shared, "cdnow", "cdnow_customers_summary_with_transactions.csv"))
	id <- as.character(s$ID)
	data.frame(x = s$x, zbar = s$zbar, month = paste0("m", (first[id] %/% 100) %% 100),
		t = as.numeric(as.Date("1997-09-30") - as.Date(as.character(first[id]), "%Y%m%d")) / 7,
		first_cds = tapply(d$cds[opening], d$id[opening], sum)[id],
		first_dollars = tapply(d$dollars[opening], d$id[opening], sum)[id])
}
repeaters <- function() subset(cdnow(), zbar > 0)

# Numbers take their mean where missing, a label of its own stands for missing; the
# first label in byte order is the reference.
prepare <- function(d)
{
	for (name in names(d))
		if (is.numeric(d[[name]])) {
			d[[name]][is.na(d[[name]])] <- mean(d[[name]], na.rm = TRUE)
		} else {
			labels <- sort(unique(na.omit(d[[name]])), method = "radix")
			if (anyNA(d[[name]])) {
				d[[name]][is.na(d[[name]])] <- "(missing)"
				labels <- c(labels, "(missing)")
			}
			d[[name]] <- factor(d[[name]], labels)
		}
	d
}
