/* SPDX-License-Identifier: MIT */
/* Times: calendar arithmetic in UTC, without the C library's time zones; a clock for durations. */
#include "base/utc.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define MS_PER_DAY       INT64_C(86400000)
#define LAST_MS          INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define EPOCH_DIGITS_MAX 15                       /* of LAST_MS */

struct civil {
    int year, month, day, hour, minute, second, ms;
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const signed char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970 to the first of January of year >= 1970. */
static int64_t days_before_year(int year)
{
    int y = year - 1;
    return (int64_t)365 * (year - 1970) + (y / 4 - y / 100 + y / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int days_before_month(int year, int month)
{
    static const short days[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    return days[month - 1] + (month > 2 && is_leap(year));
}

static bool civil_valid(const struct civil *c)
{
    return c->year >= 1970 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 59 && c->ms <= 999;
}

static int64_t civil_to_ms(const struct civil *c)
{
    int64_t days = days_before_year(c->year) + days_before_month(c->year, c->month) + c->day - 1;
    return ((days * 24 + c->hour) * 60 + c->minute) * 60000 + c->second * 1000 + c->ms;
}

static void civil_from_ms(int64_t ms, struct civil *c)
{
    if (ms < 0)
        ms = 0;
    if (ms > LAST_MS)
        ms = LAST_MS;
    int64_t days = ms / MS_PER_DAY;
    int rest = (int)(ms % MS_PER_DAY);
    /* a mean year has 365.2425 days: the guess is right or one year off */
    c->year = 1970 + (int)(days * 10000 / 3652425);
    while (days_before_year(c->year) > days)
        c->year--;
    while (c->year < 9999 && days_before_year(c->year + 1) <= days)
        c->year++;
    int day = (int)(days - days_before_year(c->year));
    c->month = 12;
    while (days_before_month(c->year, c->month) > day)
        c->month--;
    c->day = day - days_before_month(c->year, c->month) + 1;
    c->hour = rest / 3600000;
    c->minute = rest / 60000 % 60;
    c->second = rest / 1000 % 60;
    c->ms = rest % 1000;
}

/* Reads n digits, or returns -1. */
static int read_digits(const char *s, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

int trtc_utc_parse17(const char *s, int64_t *ms)
{
    struct civil c = {
        .year = read_digits(s, 4),
    };
    /* field by field, so that a short string is not read past its NUL */
    if (c.year < 0 || (c.month = read_digits(s + 4, 2)) < 0 ||
        (c.day = read_digits(s + 6, 2)) < 0 || (c.hour = read_digits(s + 8, 2)) < 0 ||
        (c.minute = read_digits(s + 10, 2)) < 0 || (c.second = read_digits(s + 12, 2)) < 0 ||
        (c.ms = read_digits(s + 14, 3)) < 0)
        return -1;
    if (!civil_valid(&c))
        return -1;
    *ms = civil_to_ms(&c);
    return 0;
}

static void put_digits(char *out, int n, int value)
{
    while (n--) {
        out[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void trtc_utc_format17(int64_t ms, char out[TRTC_UTC_LEN + 1])
{
    struct civil c;
    civil_from_ms(ms, &c);
    put_digits(out, 4, c.year);
    put_digits(out + 4, 2, c.month);
    put_digits(out + 6, 2, c.day);
    put_digits(out + 8, 2, c.hour);
    put_digits(out + 10, 2, c.minute);
    put_digits(out + 12, 2, c.second);
    put_digits(out + 14, 3, c.ms);
    out[TRTC_UTC_LEN] = '\0';
}

void trtc_utc_format3339(int64_t ms, char out[32])
{
    struct civil c;
    civil_from_ms(ms, &c);
    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    put_digits(out, 4, c.year);
    put_digits(out + 5, 2, c.month);
    put_digits(out + 8, 2, c.day);
    put_digits(out + 11, 2, c.hour);
    put_digits(out + 14, 2, c.minute);
    put_digits(out + 17, 2, c.second);
    put_digits(out + 20, 3, c.ms);
}

/* Reads the zone of RFC 3339 at s, which must be the rest of the string: minutes east of UTC. */
static int parse_zone(const char *s, int *minutes)
{
    if ((*s == 'Z' || *s == 'z') && !s[1]) {
        *minutes = 0;
        return 0;
    }
    if (*s != '+' && *s != '-')
        return -1;
    int h = read_digits(s + 1, 2);
    if (h < 0 || h > 23 || s[3] != ':')
        return -1;
    int m = read_digits(s + 4, 2);
    if (m < 0 || m > 59 || s[6])
        return -1;
    *minutes = (*s == '-' ? -1 : 1) * (h * 60 + m);
    return 0;
}

/* RFC 3339, 5.6 (blank for 'T' allowed, as its note says). Digits after the milliseconds are
 * dropped. */
static int parse_rfc3339(const char *s, int64_t *ms)
{
    struct civil c = {
        .year = read_digits(s, 4),
    };
    if (c.year < 0 || s[4] != '-' || (c.month = read_digits(s + 5, 2)) < 0 || s[7] != '-' ||
        (c.day = read_digits(s + 8, 2)) < 0 || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') ||
        (c.hour = read_digits(s + 11, 2)) < 0 || s[13] != ':' ||
        (c.minute = read_digits(s + 14, 2)) < 0 || s[16] != ':' ||
        (c.second = read_digits(s + 17, 2)) < 0)
        return -1;
    s += 19;
    if (*s == '.') {
        s++;
        int weight = 100;
        if (*s < '0' || *s > '9')
            return -1;
        for (; *s >= '0' && *s <= '9'; s++) {
            c.ms += (*s - '0') * weight;
            weight /= 10;
        }
    }
    int zone;
    if (parse_zone(s, &zone) < 0 || !civil_valid(&c))
        return -1;
    *ms = civil_to_ms(&c) - (int64_t)zone * 60000;
    return *ms < 0 || *ms > LAST_MS ? -1 : 0;
}

int trtc_time_parse(const char *s, int64_t *ms, struct trtc_err *err)
{
    size_t n = strlen(s), nb_digits = strspn(s, "0123456789");
    if (n && nb_digits == n && n <= EPOCH_DIGITS_MAX) {
        int64_t value = 0;
        for (size_t i = 0; i < n; i++)
            value = value * 10 + (s[i] - '0');
        if (value <= LAST_MS) {
            *ms = value;
            return 0;
        }
    } else if (nb_digits == n) {
        if (n == TRTC_UTC_LEN && trtc_utc_parse17(s, ms) == 0)
            return 0;
    } else if (parse_rfc3339(s, ms) == 0) {
        return 0;
    }
    char shown[64];
    return trtc_fail(
        err, TRTC_EX_USAGE,
        "'%s' is not a time: give epoch milliseconds, 17 digits (20260120113022495) or RFC 3339",
        trtc_text_show(s, n, shown, sizeof shown));
}

int64_t trtc_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
