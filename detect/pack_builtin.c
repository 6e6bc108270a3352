/* The packs that cmake/packs.cmake embeds: their bytes and names are a generated table. */
#include "detect/detector.h"
#include "detect/packs_embedded.h"

struct pack_source pack_builtin(const char *name) {
    for (const struct pack_embedded *pack = PACKS_EMBEDDED; pack->name != NULL; pack++)
        if (strcmp(pack->name, name) == 0)
            return (struct pack_source){pack->name, slice_of((const char *)pack->bytes, pack->len)};
    return (struct pack_source){0};
}
