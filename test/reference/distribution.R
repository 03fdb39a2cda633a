# SPDX-License-Identifier: PostgreSQL
#
# R's values of the distributions and special functions, as rows of test_distribution.c:
#
#	Rscript test/reference/distribution.R
#
# Left out is where R itself has less than 13 digits.

infinite <- function(x) ifelse(is.infinite(x), "INFINITY", sprintf("%.17g", x))

show <- function(name, fun, grid)
{
	grid$value <- do.call(fun, unname(as.list(grid)))
	numbers <- lapply(grid[names(grid) != "value"], infinite)
	while (length(numbers) < 3)
		numbers[[length(numbers) + 1]] <- rep("0", nrow(grid))
	cat(sprintf("    {%s, {%s, %s, %s}, %.17g},\n", name, numbers[[1]], numbers[[2]],
		numbers[[3]], grid$value), sep = "")
}

upper <- function(fun) function(...) fun(..., lower.tail = FALSE)
dfs <- c(1, 4, 29.5, 1000, Inf)

show("Z_TAIL", upper(pnorm), data.frame(c(-3, 0, 1e-9, 0.7, 1.96, 2, 5, 12, 37)))
show("T_TAIL", upper(pt), expand.grid(c(-2, 1e-8, 0.5, 1.96, 8, 12), dfs))
show("F_TAIL", upper(pf), expand.grid(c(0.01, 1, 4, 60), c(1, 7), dfs))
show("CHI2_TAIL", upper(pchisq), expand.grid(c(0.1, 3.84, 40, 1300), c(1, 6, 250)))
show("Z_QUANTILE", upper(qnorm), data.frame(c(1e-300, 1e-20, 0.0005, 0.025, 0.3, 0.9)))
show("T_QUANTILE", upper(qt), expand.grid(c(1e-10, 0.005, 0.025, 0.3, 0.95), dfs))
show("F_QUANTILE", upper(qf), expand.grid(c(1e-10, 0.05, 0.6), c(1, 7), dfs))
show("CHI2_QUANTILE", upper(qchisq), expand.grid(c(1e-100, 0.025, 0.975), c(1, 6, 250)))
points <- data.frame(c(1e-10, 0.3, 0.9, 1.2, 2.1, 2.7, 9.99, 15, 1e10))
show("LGAMMA", lgamma, points)
show("DIGAMMA", digamma, points)
show("TRIGAMMA", trigamma, points)
