/* SPDX-License-Identifier: MIT */
/* Decides who is let in. */
#include "gate.h"

#include <string.h>
#include <strings.h>

#include "../clock.h"
#include "net/callback.h"
#include "net/usersig.h"
#include "serve/origin.h"

#define ADMINISTRATOR \
    "administrator" /* the user as which applications call the service's own REST interfaces */

const char *const gate_readers[] = {
    [READERS_LOCAL] = "local", [READERS_SIGNED] = "signed", [READERS_ALL] = "all", NULL
};

/* ---- pages ---- */

/* The page's origin as configured; "": no permission is needed; NULL: it has none. A server that
 * only this machine can reach lets pages of this machine in. */
static const char *permitted(const struct house *h, const char *origin)
{
    if (strcmp(origin, h->base) == 0)
        return "";
    for (size_t i = 0; i < h->o->origins.n; i++)
        if (strcasecmp(h->o->origins.items[i], origin) == 0)
            return origin;
    return trtc_origin_is_local(origin) && trtc_origin_peer_is_local(trtc_server_address(h->http))
               ? origin
               : NULL;
}

bool gate_lets_in(const struct house *h, struct trtc_request *r)
{
    const char *origin = trtc_request_header(r, "Origin");
    if (!trtc_origin_host_is_ours(trtc_request_header(r, "Host"), h->base))
        return false;
    if (!origin)
        return !trtc_origin_is_foreign(trtc_request_header(r, "Sec-Fetch-Site"),
                                       trtc_request_header(r, "Sec-Fetch-Mode"));
    const char *field = permitted(h, origin);
    if (field && *field) {
        trtc_request_field(r, "Access-Control-Allow-Origin", field);
        trtc_request_field(r, "Vary", "Origin");
    }
    return field != NULL;
}

/* ---- UserSigs ---- */

/* Whether it is signed with any of the keys for its application. */
static bool is_signed(const struct house *h, const struct trtc_usersig_read *sig)
{
    const char *key;
    int64_t app;
    bool good = false;
    for (size_t i = 0; (key = trtc_callback_keys_text(h->keys, i, &app)) != NULL; i++)
        if (!app || app == trtc_usersig_members(sig)->sdkappid)
            good |= trtc_usersig_check_key(sig, key) == TRTC_USERSIG_OK;
    return good;
}

/* user NULL: any. */
static bool shows(const struct house *h, const struct trtc_request *r, const char *user)
{
    struct trtc_usersig_read *sig = NULL;
    const char *text = trtc_request_query(r, "usersig");
    if (!text || trtc_usersig_open(text, strlen(text), &sig, NULL) != TRTC_USERSIG_OK)
        return false;
    const bool good = is_signed(h, sig) &&
                      trtc_usersig_check_use(sig, user ? user : trtc_usersig_members(sig)->user,
                                             clock_real_ms() / 1000) == TRTC_USERSIG_OK;
    trtc_usersig_read_free(&sig);
    return good;
}

bool gate_lets_publish(const struct house *h, const struct trtc_request *r, const char *user)
{
    return !h->keys || shows(h, r, user);
}

bool gate_lets_rule(const struct house *h, const struct trtc_request *r)
{
    return gate_lets_publish(h, r, ADMINISTRATOR);
}

/* Whether the request comes from this machine and is not forwarded by a proxy for someone else. */
static bool is_local(const struct trtc_request *r)
{
    char peer[TRTC_PEER_SIZE];
    return !trtc_request_header(r, "X-Forwarded-For") && !trtc_request_header(r, "Forwarded") &&
           trtc_origin_peer_is_local(trtc_request_peer(r, peer));
}

bool gate_lets_read(const struct house *h, const struct trtc_request *r)
{
    return !h->keys || h->o->readers == READERS_ALL ||
           (h->o->readers == READERS_LOCAL && is_local(r)) || shows(h, r, NULL);
}
