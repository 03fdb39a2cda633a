/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_distribution.c: tails, quantiles and special functions against R's, and against
 * each other where R has no say.
 */
#include "test.h"

typedef enum function
{
	Z_TAIL,
	T_TAIL,
	F_TAIL,
	CHI2_TAIL,
	Z_QUANTILE,
	T_QUANTILE,
	F_QUANTILE,
	CHI2_QUANTILE,
	LGAMMA,
	DIGAMMA,
	TRIGAMMA
} function;

typedef struct reference
{
	function function;
	double x[3];
	double value;
} reference;

/* Made by test/reference/distribution.R with R 4.2.2. */
static const reference r[] = {
    {Z_TAIL, {-3, 0, 0}, 0.9986501019683699},
    {Z_TAIL, {0, 0, 0}, 0.5},
    {Z_TAIL, {1.0000000000000001e-09, 0, 0}, 0.49999999960105773},
    {Z_TAIL, {0.69999999999999996, 0, 0}, 0.24196365222307298},
    {Z_TAIL, {1.96, 0, 0}, 0.024997895148220428},
    {Z_TAIL, {2, 0, 0}, 0.022750131948179212},
    {Z_TAIL, {5, 0, 0}, 2.8665157187919391e-07},
    {Z_TAIL, {12, 0, 0}, 1.776482112077679e-33},
    {Z_TAIL, {37, 0, 0}, 5.7255712225245771e-300},
    {T_TAIL, {-2, 1, 0}, 0.85241638234956674},
    {T_TAIL, {1e-08, 1, 0}, 0.4999999968169011},
    {T_TAIL, {0.5, 1, 0}, 0.35241638234956679},
    {T_TAIL, {1.96, 1, 0}, 0.15017144588801654},
    {T_TAIL, {8, 1, 0}, 0.039583424160565539},
    {T_TAIL, {12, 1, 0}, 0.026464676059589871},
    {T_TAIL, {-2, 4, 0}, 0.94194173824159222},
    {T_TAIL, {1e-08, 4, 0}, 0.49999999625000002},
    {T_TAIL, {0.5, 4, 0}, 0.32166498159093165},
    {T_TAIL, {1.96, 4, 0}, 0.060777319925091756},
    {T_TAIL, {8, 4, 0}, 0.00066194845460858384},
    {T_TAIL, {12, 4, 0}, 0.00013821427425148651},
    {T_TAIL, {-2, 29.5, 0}, 0.97260919370791543},
    {T_TAIL, {1e-08, 29.5, 0}, 0.49999999604423662},
    {T_TAIL, {0.5, 29.5, 0}, 0.3103922453103366},
    {T_TAIL, {1.96, 29.5, 0}, 0.029751136601575863},
    {T_TAIL, {8, 29.5, 0}, 3.5390511962689192e-09},
    {T_TAIL, {12, 29.5, 0}, 3.5498683290606357e-13},
    {T_TAIL, {-2, 1000, 0}, 0.97711482675337424},
    {T_TAIL, {1e-08, 1000, 0}, 0.49999999601157441},
    {T_TAIL, {0.5, 1000, 0}, 0.30859254041693751},
    {T_TAIL, {1.96, 1000, 0}, 0.025136592477874361},
    {T_TAIL, {8, 1000, 0}, 1.7133307411957424e-15},
    {T_TAIL, {12, 1000, 0}, 2.1620286933872513e-31},
    {T_TAIL, {-2, INFINITY, 0}, 0.97724986805182079},
    {T_TAIL, {1e-08, INFINITY, 0}, 0.49999999601057721},
    {T_TAIL, {0.5, INFINITY, 0}, 0.30853753872598694},
    {T_TAIL, {1.96, INFINITY, 0}, 0.024997895148220428},
    {T_TAIL, {8, INFINITY, 0}, 6.2209605742717849e-16},
    {T_TAIL, {12, INFINITY, 0}, 1.776482112077679e-33},
    {F_TAIL, {0.01, 1, 1}, 0.93654896513889285},
    {F_TAIL, {1, 1, 1}, 0.50000000000000044},
    {F_TAIL, {4, 1, 1}, 0.29516723530086642},
    {F_TAIL, {60, 1, 1}, 0.081735175621050302},
    {F_TAIL, {0.01, 7, 1}, 0.99997860579710918},
    {F_TAIL, {1, 7, 1}, 0.64938333717979257},
    {F_TAIL, {4, 7, 1}, 0.36759286431071575},
    {F_TAIL, {60, 7, 1}, 0.099089918966367097},
    {F_TAIL, {0.01, 1, 4}, 0.92515584093945336},
    {F_TAIL, {1, 1, 4}, 0.37390096630005898},
    {F_TAIL, {4, 1, 4}, 0.11611652351681551},
    {F_TAIL, {60, 1, 4}, 0.0014964810559003347},
    {F_TAIL, {0.01, 7, 4}, 0.99999703771764903},
    {F_TAIL, {1, 7, 4}, 0.53278576586368642},
    {F_TAIL, {4, 7, 4}, 0.09918410875672537},
    {F_TAIL, {60, 7, 4}, 0.00068991059858070796},
    {F_TAIL, {0.01, 1, 29.5}, 0.92102083557644365},
    {F_TAIL, {1, 1, 29.5}, 0.32544300530788828},
    {F_TAIL, {4, 1, 29.5}, 0.054781612584169102},
    {F_TAIL, {60, 1, 29.5}, 1.3618267676409794e-08},
    {F_TAIL, {0.01, 7, 29.5}, 0.99999911925625251},
    {F_TAIL, {1, 7, 29.5}, 0.45089986212217437},
    {F_TAIL, {4, 7, 29.5}, 0.0034507727692689345},
    {F_TAIL, {60, 7, 29.5}, 1.0104534943015743e-15},
    {F_TAIL, {0.01, 1, 1000}, 0.92036436902360419},
    {F_TAIL, {1, 1, 1000}, 0.31755241808467266},
    {F_TAIL, {4, 1, 1000}, 0.045770346493251658},
    {F_TAIL, {60, 1, 1000}, 2.3202248851919531e-14},
    {F_TAIL, {0.01, 7, 1000}, 0.99999932315376594},
    {F_TAIL, {1, 7, 1000}, 0.42960597657480182},
    {F_TAIL, {4, 7, 1000}, 0.00025084881242857647},
    {F_TAIL, {60, 7, 1000}, 5.8618847855883018e-72},
    {F_TAIL, {0.01, 1, INFINITY}, 0.92034432544594202},
    {F_TAIL, {1, 1, INFINITY}, 0.31731050786291415},
    {F_TAIL, {4, 1, INFINITY}, 0.045500263896358473},
    {F_TAIL, {60, 1, INFINITY}, 9.4857375710738494e-15},
    {F_TAIL, {0.01, 7, INFINITY}, 0.9999993289114677},
    {F_TAIL, {1, 7, INFINITY}, 0.42887985755305469},
    {F_TAIL, {4, 7, INFINITY}, 0.00021989245684579632},
    {F_TAIL, {60, 7, INFINITY}, 1.2226637854908598e-86},
    {CHI2_TAIL, {0.10000000000000001, 1, 0}, 0.75182963404584935},
    {CHI2_TAIL, {3.8399999999999999, 1, 0}, 0.050043521248705224},
    {CHI2_TAIL, {40, 1, 0}, 2.5396285894708649e-10},
    {CHI2_TAIL, {1300, 1, 0}, 1.1303728441492744e-284},
    {CHI2_TAIL, {0.10000000000000001, 6, 0}, 0.99997993250637562},
    {CHI2_TAIL, {3.8399999999999999, 6, 0}, 0.6983182820192837},
    {CHI2_TAIL, {40, 6, 0}, 4.5551495055892125e-07},
    {CHI2_TAIL, {1300, 6, 0}, 1.083227729871129e-277},
    {CHI2_TAIL, {0.10000000000000001, 250, 0}, 0.99999999999999989},
    {CHI2_TAIL, {3.8399999999999999, 250, 0}, 1},
    {CHI2_TAIL, {40, 250, 0}, 1},
    {CHI2_TAIL, {1300, 250, 0}, 2.652840039501489e-141},
    {Z_QUANTILE, {1e-300, 0, 0}, 37.047096299361201},
    {Z_QUANTILE, {9.9999999999999995e-21, 0, 0}, 9.2623400897984052},
    {Z_QUANTILE, {0.00050000000000000001, 0, 0}, 3.2905267314918945},
    {Z_QUANTILE, {0.025000000000000001, 0, 0}, 1.9599639845400538},
    {Z_QUANTILE, {0.29999999999999999, 0, 0}, 0.52440051270804067},
    {Z_QUANTILE, {0.90000000000000002, 0, 0}, -1.2815515655446008},
    {T_QUANTILE, {1e-10, 1, 0}, 3183098861.8379064},
    {T_QUANTILE, {0.0050000000000000001, 1, 0}, 63.656741162871583},
    {T_QUANTILE, {0.025000000000000001, 1, 0}, 12.706204736174707},
    {T_QUANTILE, {0.29999999999999999, 1, 0}, 0.72654252800536101},
    {T_QUANTILE, {0.94999999999999996, 1, 0}, -6.3137515146750376},
    {T_QUANTILE, {1e-10, 4, 0}, 416.17514032960423},
    {T_QUANTILE, {0.0050000000000000001, 4, 0}, 4.6040948713499938},
    {T_QUANTILE, {0.025000000000000001, 4, 0}, 2.7764451051977943},
    {T_QUANTILE, {0.29999999999999999, 4, 0}, 0.56864906304970553},
    {T_QUANTILE, {0.94999999999999996, 4, 0}, -2.131846786326649},
    {T_QUANTILE, {1e-10, 29.5, 0}, 9.4461633391359765},
    {T_QUANTILE, {0.0050000000000000001, 29.5, 0}, 2.7531332702563249},
    {T_QUANTILE, {0.025000000000000001, 29.5, 0}, 2.0437249667721233},
    {T_QUANTILE, {0.29999999999999999, 29.5, 0}, 0.53011503033464002},
    {T_QUANTILE, {0.94999999999999996, 29.5, 0}, -1.6981776388380052},
    {T_QUANTILE, {1e-10, 1000, 0}, 6.4278762831342062},
    {T_QUANTILE, {0.0050000000000000001, 1000, 0}, 2.5807546980659501},
    {T_QUANTILE, {0.025000000000000001, 1000, 0}, 1.9623390808264078},
    {T_QUANTILE, {0.29999999999999999, 1000, 0}, 0.52456770730922675},
    {T_QUANTILE, {0.94999999999999996, 1000, 0}, -1.6463788172854634},
    {T_QUANTILE, {1e-10, INFINITY, 0}, 6.3613409024040557},
    {T_QUANTILE, {0.0050000000000000001, INFINITY, 0}, 2.5758293035488999},
    {T_QUANTILE, {0.025000000000000001, INFINITY, 0}, 1.9599639845400538},
    {T_QUANTILE, {0.29999999999999999, INFINITY, 0}, 0.52440051270804067},
    {T_QUANTILE, {0.94999999999999996, INFINITY, 0}, -1.6448536269514715},
    {F_QUANTILE, {1e-10, 1, 1}, 4.0528473456935092e+19},
    {F_QUANTILE, {0.050000000000000003, 1, 1}, 161.4476387975885},
    {F_QUANTILE, {0.59999999999999998, 1, 1}, 0.52786404500042106},
    {F_QUANTILE, {1e-10, 7, 1}, 5.928736688557373e+19},
    {F_QUANTILE, {0.050000000000000003, 7, 1}, 236.76840027699527},
    {F_QUANTILE, {0.59999999999999998, 7, 1}, 1.2455330149629749},
    {F_QUANTILE, {1e-10, 1, 4}, 244945.64094838663},
    {F_QUANTILE, {0.050000000000000003, 1, 4}, 7.7086474221767887},
    {F_QUANTILE, {0.59999999999999998, 1, 4}, 0.32336175690730773},
    {F_QUANTILE, {1e-10, 7, 4}, 160355.69752724041},
    {F_QUANTILE, {0.050000000000000003, 7, 4}, 6.0942109256988868},
    {F_QUANTILE, {0.59999999999999998, 7, 4}, 0.85399457885953078},
    {F_QUANTILE, {1e-10, 1, 29.5}, 94.884786127862242},
    {F_QUANTILE, {0.050000000000000003, 1, 29.5}, 4.1768117398077136},
    {F_QUANTILE, {0.59999999999999998, 1, 29.5}, 0.28102194538669523},
    {F_QUANTILE, {1e-10, 7, 29.5}, 24.81743971175311},
    {F_QUANTILE, {0.050000000000000003, 7, 29.5}, 2.3402341964667897},
    {F_QUANTILE, {0.59999999999999998, 7, 29.5}, 0.79179066604778492},
    {F_QUANTILE, {1e-10, 1, 1000}, 42.730026564052672},
    {F_QUANTILE, {0.050000000000000003, 1, 1000}, 3.8507746681386568},
    {F_QUANTILE, {0.59999999999999998, 1, 1000}, 0.27517127955167808},
    {F_QUANTILE, {1e-10, 7, 1000}, 8.9467253735586727},
    {F_QUANTILE, {0.050000000000000003, 7, 1000}, 2.0187199721431854},
    {F_QUANTILE, {0.59999999999999998, 7, 1000}, 0.78494181273439501},
    {F_QUANTILE, {1e-10, 1, INFINITY}, 41.821456364761296},
    {F_QUANTILE, {0.050000000000000003, 1, INFINITY}, 3.8414588206941258},
    {F_QUANTILE, {0.59999999999999998, 1, INFINITY}, 0.27499589772845612},
    {F_QUANTILE, {1e-10, 7, INFINITY}, 8.6993136235243202},
    {F_QUANTILE, {0.050000000000000003, 7, INFINITY}, 2.0095914927628811},
    {F_QUANTILE, {0.59999999999999998, 7, INFINITY}, 0.78474783716044327},
    {CHI2_QUANTILE, {1e-100, 1, 0}, 453.94308223879898},
    {CHI2_QUANTILE, {0.025000000000000001, 1, 0}, 5.0238861873148872},
    {CHI2_QUANTILE, {0.97499999999999998, 1, 0}, 0.00098206911717525769},
    {CHI2_QUANTILE, {1e-100, 6, 0}, 481.07888968819827},
    {CHI2_QUANTILE, {0.025000000000000001, 6, 0}, 14.449375335447916},
    {CHI2_QUANTILE, {0.97499999999999998, 6, 0}, 1.2373442457912032},
    {CHI2_QUANTILE, {1e-100, 250, 0}, 1063.4325760797456},
    {CHI2_QUANTILE, {0.025000000000000001, 250, 0}, 295.68862817878619},
    {CHI2_QUANTILE, {0.97499999999999998, 250, 0}, 208.09779814500047},
    {LGAMMA, {1e-10, 0, 0}, 23.025850929882736},
    {LGAMMA, {0.29999999999999999, 0, 0}, 1.0957979948180756},
    {LGAMMA, {0.90000000000000002, 0, 0}, 0.066376239734742881},
    {LGAMMA, {1.2, 0, 0}, -0.085374090003315806},
    {LGAMMA, {2.1000000000000001, 0, 0}, 0.045437738544485129},
    {LGAMMA, {2.7000000000000002, 0, 0}, 0.43482055365510458},
    {LGAMMA, {9.9900000000000002, 0, 0}, 12.779315214350193},
    {LGAMMA, {15, 0, 0}, 25.191221182738683},
    {LGAMMA, {10000000000, 0, 0}, 220258509288.81058},
    {DIGAMMA, {1e-10, 0, 0}, -10000000000.577217},
    {DIGAMMA, {0.29999999999999999, 0, 0}, -3.5025242222001323},
    {DIGAMMA, {0.90000000000000002, 0, 0}, -0.75492694994705145},
    {DIGAMMA, {1.2, 0, 0}, -0.28903989659218832},
    {DIGAMMA, {2.1000000000000001, 0, 0}, 0.48533596867983242},
    {DIGAMMA, {2.7000000000000002, 0, 0}, 0.7967831689911411},
    {DIGAMMA, {9.9900000000000002, 0, 0}, 2.2507003728312012},
    {DIGAMMA, {15, 0, 0}, 2.6743466616607936},
    {DIGAMMA, {10000000000, 0, 0}, 23.025850929890456},
    {TRIGAMMA, {1e-10, 0, 0}, 1.0000000000000008e+20},
    {TRIGAMMA, {0.29999999999999999, 0, 0}, 12.245364546107732},
    {TRIGAMMA, {0.90000000000000002, 0, 0}, 1.9225399594772035},
    {TRIGAMMA, {1.2, 0, 0}, 1.2673772054237791},
    {TRIGAMMA, {2.1000000000000001, 0, 0}, 0.60685286980102326},
    {TRIGAMMA, {2.7000000000000002, 0, 0}, 0.44721206891832366},
    {TRIGAMMA, {9.9900000000000002, 0, 0}, 0.10527695014824182},
    {TRIGAMMA, {15, 0, 0}, 0.068938227847683817},
    {TRIGAMMA, {10000000000, 0, 0}, 1.0000000000499996e-10},
};

static double
value_of(function function, const double *x)
{
	switch (function)
	{
		case Z_TAIL:
			return ml_z_tail(x[0]);
		case T_TAIL:
			return ml_t_tail(x[0], x[1]);
		case F_TAIL:
			return ml_f_tail(x[0], x[1], x[2]);
		case CHI2_TAIL:
			return ml_chi2_tail(x[0], x[1]);
		case Z_QUANTILE:
			return ml_z_quantile(x[0]);
		case T_QUANTILE:
			return ml_t_quantile(x[0], x[1]);
		case F_QUANTILE:
			return ml_f_quantile(x[0], x[1], x[2]);
		case CHI2_QUANTILE:
			return ml_chi2_quantile(x[0], x[1]);
		case LGAMMA:
			return ml_lgamma(x[0]);
		case DIGAMMA:
			return ml_digamma(x[0]);
		case TRIGAMMA:
			return ml_trigamma(x[0]);
	}
	return NAN;
}

static void
agrees_with_r(test_host *t)
{
	(void) t;
	for (size_t i = 0; i < sizeof r / sizeof *r; i++)
	{
		double got = value_of(r[i].function, r[i].x), wanted = r[i].value;

		test_check(fabs(got - wanted) <= 1e-13 * fabs(wanted), __FILE__, __LINE__,
		           "function %d of %g, %g, %g is %.17g, not %.17g", r[i].function,
		           r[i].x[0], r[i].x[1], r[i].x[2], got, wanted);
	}
}

/* Where the tail is smallest: 1e-300 and beyond, in closed form or by Mills' ratio. */
static void
keeps_digits_of_tiny_tails(test_host *t)
{
	double z = 37.5, s = 1 / (z * z),
	       mills = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s)));

	(void) t;
	CHECK_CLOSE(ml_z_tail(z), exp(-z * z / 2) / sqrt(2 * acos(-1)) / z * mills, 1e-10);
	CHECK_CLOSE(ml_chi2_tail(1380, 2), exp(-690), 1e-12);
	CHECK_CLOSE(ml_t_tail(1e100, 1), 1 / (acos(-1) * 1e100), 1e-13);
	CHECK_CLOSE(ml_f_tail(1e120, 2, 5), pow(1 + 0.4e120, -2.5), 1e-12);
	CHECK(ml_z_tail(40) == 0 && ml_z_tail(INFINITY) == 0 && ml_z_tail(-INFINITY) == 1);
	CHECK(ml_chi2_tail(INFINITY, 3) == 0 && ml_f_tail(INFINITY, 3, 4) == 0);
	CHECK(ml_t_tail(INFINITY, 4) == 0 && ml_t_tail(-INFINITY, 4) == 1);
}

/* A quantile is where the tail is what was asked for. */
static void
inverts_tails(test_host *t)
{
	static const double tail[] = {1e-200, 1e-12, 0.001, 0.2, 0.5, 0.8, 0.999};
	static const double df[] = {1, 2.5, 40, 1e4, 1e8};

	(void) t;
	for (int i = 0; i < 7; i++)
		for (int k = 0; k < 5; k++)
		{
			CHECK_CLOSE(ml_chi2_tail(ml_chi2_quantile(tail[i], df[k]), df[k]), tail[i],
			            1e-9);
			if (tail[i] < 1e-100 && df[k] < 40)
				continue;
			CHECK_CLOSE(ml_t_tail(ml_t_quantile(tail[i], df[k]), df[k]), tail[i], 1e-9);
			CHECK_CLOSE(ml_f_tail(ml_f_quantile(tail[i], 3, df[k]), 3, df[k]), tail[i],
			            1e-9);
		}
}

/* t squared is F; t of many degrees of freedom is normal; the tails of chi-squared with 2. */
static void
knows_the_family(test_host *t)
{
	double lower, upper;

	(void) t;
	for (double x = 0.05; x < 9; x *= 1.3)
	{
		CHECK_CLOSE(2 * ml_t_tail(x, 17), ml_f_tail(x * x, 1, 17), 1e-13);
		CHECK_CLOSE(ml_t_tail(x, 1e14), ml_z_tail(x), 1e-10);
		CHECK_CLOSE(2 * ml_z_tail(x), ml_chi2_tail(x * x, 1), 1e-13);
		CHECK_CLOSE(ml_chi2_tail(x, 2), exp(-x / 2), 1e-14);
		CHECK_CLOSE(ml_f_tail(x, 5, 9) + ml_f_tail(1 / x, 9, 5), 1, 1e-14);
		CHECK_CLOSE(ml_lgamma(x + 1), ml_lgamma(x) + log(x), 2e-14);
		CHECK_NEAR(ml_digamma(x + 1), ml_digamma(x) + 1 / x, 1e-14);
		CHECK_NEAR(ml_trigamma(x + 1), ml_trigamma(x) - 1 / (x * x), 1e-13 / (x * x));
	}
	ml_gamma_share(2.5, 1, &lower, &upper);
	CHECK_NEAR(lower + upper, 1, 1e-15);
	/* I_x(a, 1) = x^a */
	ml_beta_share(3, 1, 0.2, 0.8, &lower, &upper);
	CHECK_CLOSE(lower, 0.008, 1e-14);
}

static void
answers_nothing_outside(test_host *t)
{
	double lower, upper;

	(void) t;
	CHECK(isnan(ml_z_tail(NAN)) && isnan(ml_t_tail(NAN, 3)) && isnan(ml_t_tail(1, 0)));
	CHECK(isnan(ml_t_tail(1, NAN)) && isnan(ml_f_tail(1, -1, 2)) &&
	      isnan(ml_f_tail(1, 2, NAN)));
	CHECK(isnan(ml_chi2_tail(1, 0)) && isnan(ml_f_tail(1, INFINITY, 2)));
	CHECK(isnan(ml_z_quantile(-0.1)) && isnan(ml_z_quantile(NAN)) &&
	      isnan(ml_t_quantile(2, 4)));
	CHECK(isnan(ml_f_quantile(0.5, 0, 4)) && isnan(ml_chi2_quantile(0.5, NAN)));
	CHECK(isnan(ml_lgamma(0)) && isnan(ml_digamma(-1)) && isnan(ml_trigamma(NAN)));
	ml_gamma_share(0, 1, &lower, &upper);
	CHECK(isnan(lower) && isnan(upper));
	ml_beta_share(1, 1, NAN, 0, &lower, &upper);
	CHECK(isnan(lower) && isnan(upper));
	CHECK(ml_z_quantile(0) == INFINITY && ml_t_quantile(1, 3) == -INFINITY);
	CHECK(ml_chi2_quantile(1, 3) == 0 && ml_f_quantile(0, 3, 4) == INFINITY);
	CHECK(ml_chi2_tail(-1, 3) == 1 && ml_f_tail(0, 3, 4) == 1);
}

TEST_MAIN({agrees_with_r, "R's values to a relative 1e-13"},
          {keeps_digits_of_tiny_tails, "tails of 1e-300 have their digits"},
          {inverts_tails, "a quantile is where the tail is as asked for"},
          {knows_the_family, "the distributions and functions agree with each other"},
          {answers_nothing_outside, "no number for arguments outside of the domain"})
