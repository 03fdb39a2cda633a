/* SPDX-License-Identifier: PostgreSQL */
/*
 * cron.c: schedules as pg_cron reads them, and when they come next.
 *
 * pg_cron looks at the clock once a minute and runs what fits the minute, hour, day, month and
 * weekday of its time zone: an hour that is left out in spring brings no runs, one that comes
 * twice in autumn brings them twice.  Day and weekday both count where one of the two begins with a
 * star, and either of them where none does, as in Vixie's cron.
 */
#include "cia.h"

#include <ctype.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

CIA_FUNCTION(cia_next_run);

#define LONGEST_WAIT ((pg_time_t) 40 * 366 * SECS_PER_DAY)

typedef struct field
{
	int low;
	int high;
	const char *const *name; /* of low and so on; NULL: there are none */
} field;

static const char *const month_name[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                         "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_name[] = {"sun", "mon", "tue", "wed",
                                           "thu", "fri", "sat", NULL};

enum
{
	FIELD_MINUTE,
	FIELD_HOUR,
	FIELD_DAY,
	FIELD_MONTH,
	FIELD_WEEKDAY,
	FIELDS
};

static const field fields[FIELDS] = {{0, 59, NULL},
                                     {0, 23, NULL},
                                     {1, 31, NULL},
                                     {1, 12, month_name},
                                     {0, 7, weekday_name}};

/* A number, or a name of the field; moves on behind it. */
static bool
read_number(const char **text, const field *of, int *number)
{
	char word[8];
	int length = 0;

	while (isalnum((unsigned char) **text) && length < (int) sizeof word - 1)
		word[length++] = *(*text)++;
	word[length] = '\0';
	if (length == 0 || isalnum((unsigned char) **text))
		return false;
	if (strspn(word, "0123456789") == length)
	{
		*number = atoi(word);
		return true;
	}
	for (int i = 0; of != NULL && of->name != NULL && of->name[i] != NULL; i++)
		if (pg_strcasecmp(word, of->name[i]) == 0)
		{
			*number = of->low + i;
			return true;
		}
	return false;
}

/* "*", "a" or "a-b", the first and the last with "/step"; adds its bits. */
static bool
read_range(const char **text, const field *of, uint64 *bits)
{
	int from = of->low, to = of->high, step = 1;
	bool several = **text == '*';

	if (several)
		(*text)++;
	else if (!read_number(text, of, &from))
		return false;
	else if (**text == '-')
	{
		several = true;
		(*text)++;
		if (!read_number(text, of, &to))
			return false;
	}
	else
		to = from;
	if (**text == '/')
	{
		(*text)++;
		if (!several || !read_number(text, NULL, &step) || step == 0)
			return false;
	}
	if (from < of->low || to > of->high || from > to)
		return false;
	for (int i = from; i <= to; i += step)
		*bits |= UINT64CONST(1) << i;
	return true;
}

static bool
read_list(const char **text, const field *of, uint64 *bits)
{
	for (*bits = 0; read_range(text, of, bits); (*text)++)
		if (**text != ',')
			return true;
	return false;
}

static void
skip_blanks(const char **text)
{
	*text += strspn(*text, " \t");
}

static bool
read_fields(const char *text, cia_cron *cron)
{
	uint64 bits[FIELDS];
	bool star[FIELDS];

	for (int i = 0; i < FIELDS; i++)
	{
		skip_blanks(&text);
		star[i] = *text == '*';
		bits[i] = 0;
		if (i == FIELD_DAY && *text == '$')
		{
			cron->last_day = true;
			text++;
		}
		else if (!read_list(&text, &fields[i], &bits[i]))
			return false;
		if (*text != '\0' && *text != ' ' && *text != '\t')
			return false;
	}
	skip_blanks(&text);
	cron->minutes = bits[FIELD_MINUTE];
	cron->hours = (uint32) bits[FIELD_HOUR];
	cron->days = (uint32) bits[FIELD_DAY];
	cron->months = (uint32) bits[FIELD_MONTH];
	/* Sunday is 7, too */
	cron->weekdays = (uint32) ((bits[FIELD_WEEKDAY] | bits[FIELD_WEEKDAY] >> 7) & 0x7F);
	cron->both_days = star[FIELD_DAY] || star[FIELD_WEEKDAY];
	return *text == '\0';
}

static bool
read_word(const char *text, cia_cron *cron)
{
	static const char *const word[][2] = {
	    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
	    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
	    {"@hourly", "0 * * * *"}};

	cron->at_start = strcmp(text, "@reboot") == 0 || strcmp(text, "@restart") == 0;
	for (int i = 0; i < lengthof(word); i++)
		if (strcmp(text, word[i][0]) == 0)
			return read_fields(word[i][1], cron);
	return cron->at_start;
}

/* "30 seconds"; pg_cron takes less than a minute. */
static bool
read_seconds(const char *text, cia_cron *cron)
{
	const char *unit = text;
	int number;

	if (!read_number(&unit, NULL, &number) || number < 1 || number > 59)
		return false;
	skip_blanks(&unit);
	if (pg_strcasecmp(unit, "second") != 0 && pg_strcasecmp(unit, "seconds") != 0)
		return false;
	cron->seconds = number;
	return true;
}

bool
cia_cron_read(const char *text, cia_cron *cron)
{
	*cron = (cia_cron){0};
	skip_blanks(&text);
	if (*text == '@')
		return read_word(text, cron);
	return read_seconds(text, cron) || read_fields(text, cron);
}

void
cia_cron_check(const char *text, cia_cron *cron)
{
	if (!cia_cron_read(text, cron))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("invalid schedule \"%s\"", text),
		         errhint("Give minute, hour, day, month and weekday, as in \"0 3 * * 1\" "
		                 "for Mondays at three, or @hourly, @daily, @weekly, @monthly, "
		                 "@yearly, or, from pg_cron 1.5 on, \"30 seconds\".")));
}

static bool
has_bit(uint64 bits, int number)
{
	return (bits >> number & 1) != 0;
}

static bool
fits_day(const cia_cron *cron, const struct pg_tm *at, bool last_of_month)
{
	bool day = has_bit(cron->days, at->tm_mday) || (cron->last_day && last_of_month);
	bool weekday = has_bit(cron->weekdays, at->tm_wday);

	return has_bit(cron->months, at->tm_mon + 1) &&
	       (cron->both_days ? day && weekday : day || weekday);
}

/* How long the day of that time does not fit yet, for sure; 0: it fits. */
static pg_time_t
time_to_skip(const cia_cron *cron, pg_time_t now, pg_tz *zone)
{
	pg_time_t tomorrow = now + SECS_PER_DAY;
	bool last_of_month = pg_localtime(&tomorrow, zone)->tm_mday == 1;
	const struct pg_tm *at = pg_localtime(&now, zone);
	pg_time_t left =
	    SECS_PER_DAY - at->tm_hour * SECS_PER_HOUR - at->tm_min * SECS_PER_MINUTE;

	if (fits_day(cron, at, last_of_month))
		return 0;
	/* clocks may be put forward by two hours until midnight, and no more */
	return Max(left - 2 * SECS_PER_HOUR, SECS_PER_MINUTE);
}

static bool
fits_time(const cia_cron *cron, pg_time_t now, pg_tz *zone)
{
	const struct pg_tm *at = pg_localtime(&now, zone);

	return has_bit(cron->hours, at->tm_hour) && has_bit(cron->minutes, at->tm_min);
}

bool
cia_cron_next(const cia_cron *cron, TimestampTz after, pg_tz *zone, TimestampTz *next)
{
	pg_time_t now = timestamptz_to_time_t(after), end = now + LONGEST_WAIT;

	if (cron->at_start)
		return false;
	if (cron->seconds > 0)
	{
		*next = after + cron->seconds * USECS_PER_SEC;
		return true;
	}
	now = now / SECS_PER_MINUTE * SECS_PER_MINUTE + SECS_PER_MINUTE;
	while (now < end)
	{
		pg_time_t skip = time_to_skip(cron, now, zone);

		CHECK_FOR_INTERRUPTS();
		if (skip == 0 && fits_time(cron, now, zone))
		{
			*next = time_t_to_timestamptz(now);
			return true;
		}
		now += skip > 0 ? skip : SECS_PER_MINUTE;
	}
	return false;
}

pg_tz *
cia_cron_zone(const char *name)
{
	pg_tz *zone;

	/* pg_cron before 1.5 knows no other */
	if (name == NULL)
		name = GetConfigOption("cron.timezone", true, false);
	zone = pg_tzset(name != NULL ? name : "GMT");
	if (zone == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("time zone \"%s\" not recognized", name),
		                errhint("List them with SELECT name FROM pg_timezone_names.")));
	return zone;
}

Datum
cia_next_run(PG_FUNCTION_ARGS)
{
	char *text = cia_text_arg(fcinfo, 0, NULL);
	char *zone = cia_text_arg(fcinfo, 2, NULL);
	TimestampTz after = PG_ARGISNULL(1) ? GetCurrentTransactionStartTimestamp()
	                                    : PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz next;
	cia_cron cron;

	if (text == NULL)
		PG_RETURN_NULL();
	cia_cron_check(text, &cron);
	if (TIMESTAMP_NOT_FINITE(after) ||
	    !cia_cron_next(&cron, after, cia_cron_zone(zone), &next) ||
	    !IS_VALID_TIMESTAMP(next))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next);
}
