/* What a fallible function of sluice answers.
 *
 * Errors of libuv, LMDB, mbedTLS and Hyperscan are translated to an outcome once, at the wrapper;
 * detail goes into a buffer of the caller's. Zero is success for an outcome, never for a decision:
 * decisions have types of their own, whose zero is undecided. */
#ifndef SLUICE_BASE_OUTCOME_H
#define SLUICE_BASE_OUTCOME_H

#define OUTCOME_LIST(X)                                                \
    X(OK, "ok")                                                        \
    X(NO_MEMORY, "out of memory")                                      \
    X(OVERFLOW, "a bounded buffer, arena or count is full")            \
    X(INVALID, "malformed input")                                      \
    X(UNSUPPORTED, "well formed, but not accepted here")               \
    X(NOT_FOUND, "not found")                                          \
    X(CONFLICT, "taken by something else")                             \
    X(DENIED, "not allowed")                                           \
    X(IO, "input or output failed")                                    \
    X(CRYPTO, "a cryptographic operation failed or did not verify")    \
    X(CORRUPT, "stored data does not verify")                          \
    X(TIMEOUT, "took too long")                                        \
    X(CLOSED, "the other side closed, or the object is shutting down") \
    X(AGAIN, "not now: more input, or a later try, is needed")         \
    X(ENGINE, "the scan engine failed")                                \
    X(FAULT, "a fault that a test injected")

enum outcome {
#define X(name, text) OUTCOME_##name,
    OUTCOME_LIST(X)
#undef X
        OUTCOME_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The constant's short name in upper case ("NO_MEMORY") and a sentence; static storage. */
const char *outcome_name(enum outcome outcome);
const char *outcome_text(enum outcome outcome);

/* Where a wrapper writes what a person should read: expected what, where, what to do.
 * Always NUL-terminated after `detail_set`; never holds a scanned value. */
struct detail {
    char text[384];
};

/* Formats into `detail`; NULL is allowed. Returns `outcome`, so that a failing path is one line. */
enum outcome detail_set(struct detail *detail, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
