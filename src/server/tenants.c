/* Tenants of a configured store, for whoever runs the service. */
#include "server/service.h"

#include "base/arena.h"
#include "store/store.h"

hats_status hats_server_tenant_add(const struct hats_server_config *config, char token[64],
                                   const char *name, struct hats_error *err) {
    struct hats_store *store;
    _Static_assert(HATS_GATE_TOKEN_MAX == 64, "server.h says it in digits");
    token[0] = '\0';
    hats_status s = hats_server_store_open(&store, config, err);
    if (s != HATS_OK)
        return s;
    s = hats_gate_tenant_new(store, token, name, err);
    hats_store_close(store);
    return s;
}

hats_status hats_server_tenant_disable(const struct hats_server_config *config, const char *name,
                                       bool disabled, struct hats_error *err) {
    struct hats_store *store;
    hats_status s = hats_server_store_open(&store, config, err);
    if (s != HATS_OK)
        return s;
    s = hats_store_tenant_disable(store, name, disabled, err);
    hats_store_close(store);
    return s;
}

hats_status hats_server_tenants(const struct hats_server_config *config,
                                void (*each)(void *user, const char *name, uint64_t created_ms,
                                             bool disabled),
                                void *user, struct hats_error *err) {
    struct hats_store *store;
    struct hats_store_tenant *list = NULL;
    size_t n = 0;
    hats_status s = hats_server_store_open(&store, config, err);
    if (s != HATS_OK)
        return s;
    s = hats_store_tenants(store, &list, &n, err);
    for (size_t i = 0; s == HATS_OK && i < n; i++)
        each(user, list[i].name, list[i].created_ms, list[i].disabled);
    hats_free(list);
    hats_store_close(store);
    return s;
}
