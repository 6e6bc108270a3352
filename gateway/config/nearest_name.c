#include "gateway/config/nearest_name.h"

#define ROW_LEN (NEAREST_NAME_LONGEST + 1)

static size_t min2(size_t a, size_t b) {
    return a < b ? a : b;
}

/* One row of the table: distances from a[0..i] to every prefix of b, from the two rows above it. */
static void fill_row(struct slice a, struct slice b, size_t i, const size_t *above2, const size_t *above, size_t *row) {
    row[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
        const size_t change = a.data[i - 1] != b.data[j - 1];
        row[j] = min2(min2(above[j] + 1, row[j - 1] + 1), above[j - 1] + change);
        if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
            row[j] = min2(row[j], above2[j - 2] + 1);
    }
}

size_t name_distance(struct slice a, struct slice b) {
    size_t rows[3][ROW_LEN];
    if (a.len > NEAREST_NAME_LONGEST || b.len > NEAREST_NAME_LONGEST) return NEAREST_NAME_LONGEST;
    for (size_t j = 0; j <= b.len; j++) rows[0][j] = rows[2][j] = j;
    for (size_t i = 1; i <= a.len; i++) fill_row(a, b, i, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
    return rows[a.len % 3][b.len];
}

void nearest_name_offer(struct nearest_name *search, const char *candidate) {
    const struct slice name = slice_str(candidate);
    const size_t distance = name_distance(search->asked, name);
    const size_t shorter = min2(name.len, search->asked.len);
    if (distance > (shorter + 2) / 3) return;
    if (search->name && distance >= search->distance) return;
    search->name = candidate;
    search->distance = distance;
}
