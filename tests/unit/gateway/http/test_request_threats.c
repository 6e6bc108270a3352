/* One numbered case for each way to attack an HTTP front: what stands there is what must be said to it.
 * Each is fed whole, byte by byte and cut at every offset, and must be read the same each time.
 *
 * 48, 62 and 66 need many bytes or a whole connection: they stand in test_request_reader.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/gateway/http/transcript.h"

#define POST "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
#define GET "GET /v1/models HTTP/1.1\r\nHost: gateway\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define END "\r\n"

enum where { OK, IN_HEAD, IN_BODY };

struct threat {
    const char *name;
    struct slice bytes;
    enum where refused; /* OK: accepted */
    unsigned status;
    const char *holds; /* what the transcript must hold; NULL: anything */
};

#define ACCEPTED(name, bytes, holds) \
    { (name), {(bytes), sizeof(bytes) - 1}, OK, 0, (holds) }
#define HEAD_REFUSED(name, bytes, status) \
    { (name), {(bytes), sizeof(bytes) - 1}, IN_HEAD, (status), NULL }
#define BODY_REFUSED(name, bytes, status) \
    { (name), {(bytes), sizeof(bytes) - 1}, IN_BODY, (status), NULL }

static const struct threat framing[] = {
    HEAD_REFUSED("1 CL, then TE", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("2 TE, then CL", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("3 two CL, the same", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("4 two CL that differ", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    HEAD_REFUSED("5 a list in CL", POST "Content-Length: 3, 3\r\n\r\nabc", 400),
    HEAD_REFUSED("6 CL with plus", POST "Content-Length: +3\r\n\r\nabc", 400),
    HEAD_REFUSED("7 CL with minus", POST "Content-Length: -3\r\n\r\nabc", 400),
    HEAD_REFUSED("8 CL in hex", POST "Content-Length: 0x3\r\n\r\nabc", 400),
    HEAD_REFUSED("9 CL with leading zeros", POST "Content-Length: 003\r\n\r\nabc", 400),
    HEAD_REFUSED("9 CL of two zeros", POST "Content-Length: 00\r\n\r\n", 400),
    HEAD_REFUSED("10 empty CL", POST "Content-Length:\r\n\r\nabc", 400),
    HEAD_REFUSED("10 blank CL", POST "Content-Length: \t \r\n\r\nabc", 400),
    HEAD_REFUSED("11 CL of 2^64", POST "Content-Length: 18446744073709551616\r\n\r\nabc", 400),
    HEAD_REFUSED("11 CL of 2^64 + 3", POST "Content-Length: 18446744073709551619\r\n\r\nabc", 400),
    HEAD_REFUSED("11 CL of 30 digits", POST "Content-Length: 100000000000000000000000000003\r\n\r\nabc", 400),
    HEAD_REFUSED("11 CL of 2^64 - 1", POST "Content-Length: 18446744073709551615\r\n\r\nabc", 413),
    HEAD_REFUSED("12 space inside CL", POST "Content-Length: 1 3\r\n\r\nabc", 400),
    HEAD_REFUSED("12 a decimal CL", POST "Content-Length: 3.0\r\n\r\nabc", 400),
    HEAD_REFUSED("12 CL in underscores", POST "Content-Length: 1_3\r\n\r\nabc", 400),
    HEAD_REFUSED("13 space before colon", POST "Content-Length : 3\r\n\r\nabc", 400),
    HEAD_REFUSED("13 tab before colon", POST "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("14 folded CL", POST "Content-Length:\r\n 3\r\n\r\nabc", 400),
    HEAD_REFUSED("15 folded TE", POST "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("15 folded tail of TE", POST "Transfer-Encoding: chunked\r\n ,identity\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("16 xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("16 chunkedx", POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("17 gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("18 chunked, gzip", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("18 gzip alone", POST "Transfer-Encoding: gzip\r\n\r\nabc", 501),
    HEAD_REFUSED("19 chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("19 two fields", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 400),
    HEAD_REFUSED("19 two spellings", POST "Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("20 identity", POST "Transfer-Encoding: identity\r\n\r\nabc", 501),
    HEAD_REFUSED("20 identity and CL", POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("20 empty TE", POST "Transfer-Encoding:\r\n\r\nabc", 501),
    HEAD_REFUSED("20 a comma and chunked", POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("21 vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("21 form feed", POST "Transfer-Encoding: chunked\f\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("22 quoted chunked", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("22 chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("23 TE on 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("24 Content_Length", POST "Content_Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("24 both lengths", POST "Content-Length: 3\r\nContent_Length: 0\r\n\r\nabc", 400),
    HEAD_REFUSED("24 Transfer_Encoding", POST "Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("24 TRANSFER_encoding and CL", POST "Content-Length: 3\r\nTRANSFER_encoding: chunked\r\n\r\nabc", 400),
    HEAD_REFUSED("25 GET with CL", GET "Content-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("25 GET with chunked", GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    HEAD_REFUSED("25 HEAD with CL", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("12 a tab behind CL, on which llhttp differs", POST "Content-Length: 3\t\r\n\r\nabc", 400),
    HEAD_REFUSED("22 a tab behind chunked, the same", POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", 400),
    ACCEPTED("a body by its length", POST "Content-Length: 3\r\n\r\nabc", "body:abc[done]"),
    ACCEPTED("a length in any case", POST "cOnTeNt-lEnGtH:3 \r\n\r\nabc", "body:abc[done]"),
    ACCEPTED("a body of no bytes", POST "Content-Length: 0\r\n\r\n", "body:[done]"),
    ACCEPTED("no body said", POST END, "body:[done]"),
    ACCEPTED("GET with a length of 0", GET "Content-Length: 0\r\n\r\n", "body:[done]"),
    ACCEPTED("a chunked body", CHUNKED "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", "body:abc0123456789[done]"),
    ACCEPTED("Chunked in any case", POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "body:[done]"),
};

static const struct threat lines[] = {
    HEAD_REFUSED("26 LF after request line", "POST / HTTP/1.1\nHost: a\r\n\r\n", 400),
    HEAD_REFUSED("27 LF after a field", "POST / HTTP/1.1\r\nHost: a\nContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("27 LF as the empty line", "POST / HTTP/1.1\r\nHost: a\r\n\n", 400),
    HEAD_REFUSED("28 CR in a value", POST "X: a\rContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("28 CR CR LF", POST "X: a\r\r\n\r\n", 400),
    HEAD_REFUSED("28 CR in the target", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    HEAD_REFUSED("29 CR and no LF at the end", POST "\rX", 400),
    HEAD_REFUSED("30 NUL in a value", POST "X: a\0b\r\n\r\n", 400),
    HEAD_REFUSED("30 NUL in a name", POST "X\0: a\r\n\r\n", 400),
    HEAD_REFUSED("30 NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    HEAD_REFUSED("30 DEL in a value", POST "X: a\177\r\n\r\n", 400),
    HEAD_REFUSED("30 escape in a value", POST "X: \033[2J\r\n\r\n", 400),
    HEAD_REFUSED("31 empty name", POST ": a\r\n\r\n", 400),
    HEAD_REFUSED("32 space in name", POST "Content Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("32 a line without colon", POST "nonsense\r\n\r\n", 400),
    HEAD_REFUSED("32 a slash in name", POST "a/b: 3\r\n\r\n", 400),
    HEAD_REFUSED("33 8-bit value", POST "X: caf\xc3\xa9\r\n\r\n", 400),
    HEAD_REFUSED("33 8-bit name", POST "X\xe9: a\r\n\r\n", 400),
    HEAD_REFUSED("33 8-bit target", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ACCEPTED("34 one empty line", "\r\n" GET END, "|/v1/models|"),
    HEAD_REFUSED("34 two empty lines", "\r\n\r\n" GET END, 400),
    HEAD_REFUSED("34 a leading LF", "\n" GET END, 400),
    HEAD_REFUSED("34 a leading CR", "\r" GET END, 400),
    HEAD_REFUSED("34 a leading space", " " GET END, 400),
    HEAD_REFUSED("35 first field indented", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    HEAD_REFUSED("35 first field behind a tab", "POST / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400),
    ACCEPTED("tabs and spaces around a value", POST "X: \t a\tb \t\r\n\r\n", "X=a\tb;"),
};

static const struct threat chunks[] = {
    BODY_REFUSED("36 chunk size 0x3", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("37 chunk size +3", CHUNKED "+3\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("37 chunk size -3", CHUNKED "-3\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("38 space before size", CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("38 space behind size", CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("38 tab behind size", CHUNKED "3\t\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("38 no size", CHUNKED "\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("38 size with underscore", CHUNKED "1_0\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("39 chunk extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("39 bare semicolon", CHUNKED "3;\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("39 extension on the last", CHUNKED "3\r\nabc\r\n0;a\r\n\r\n", 400),
    BODY_REFUSED("40 LF in an extension", CHUNKED "3;a\nb\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("40 NUL in an extension", CHUNKED "3;\0\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("41 LF after size", CHUNKED "3\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("41 CR after size", CHUNKED "3\rabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("42 no CRLF after data", CHUNKED "3\r\nabc0\r\n\r\n", 400),
    BODY_REFUSED("42 LF after data", CHUNKED "3\r\nabc\n0\r\n\r\n", 400),
    BODY_REFUSED("42 data too long", CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 400),
    BODY_REFUSED("42 CR without LF after data", CHUNKED "3\r\nabc\r0\r\n\r\n", 400),
    BODY_REFUSED("43 0 CRLF LF", CHUNKED "3\r\nabc\r\n0\r\n\n", 400),
    BODY_REFUSED("43 0 LF LF", CHUNKED "3\r\nabc\r\n0\n\n", 400),
    BODY_REFUSED("44 size of 16 digits", CHUNKED "fffffffffffffff3\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("45 size of 17 digits", CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
    BODY_REFUSED("45 size of 8 digits", CHUNKED "ffffffff\r\nabc\r\n0\r\n\r\n", 413),
    BODY_REFUSED("46 padded to 9 digits", CHUNKED "000000003\r\nabc\r\n0\r\n\r\n", 400),
    ACCEPTED("46 padded to 8 digits", CHUNKED "00000003\r\nabc\r\n00000000\r\n\r\n", "body:abc[done]"),
    BODY_REFUSED("46 last chunk padded to 9", CHUNKED "3\r\nabc\r\n000000000\r\n\r\n", 400),
    BODY_REFUSED("47 a trailer", CHUNKED "3\r\nabc\r\n0\r\nX: y\r\n\r\n", 400),
    BODY_REFUSED("47 a framing field as trailer", CHUNKED "3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
    BODY_REFUSED("49 truncated body", POST "Content-Length: 4\r\n\r\nabc", 400),
    BODY_REFUSED("49 truncated chunk", CHUNKED "4\r\nabc", 400),
    BODY_REFUSED("49 no last chunk", CHUNKED "3\r\nabc\r\n", 400),
    BODY_REFUSED("49 half a last chunk", CHUNKED "3\r\nabc\r\n0\r\n", 400),
    HEAD_REFUSED("49 truncated head", POST "X: y", 400),
};

static const struct threat targets[] = {
    HEAD_REFUSED("50 absolute form", "GET http://gateway/v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("50 another absolute form", "GET https://evil.test/ HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("50 asterisk form", "OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("50 no leading slash", "GET v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("50 a query only", "GET ?a=b HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("51 userinfo", "GET http://user:pass@gateway/ HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("51 userinfo behind slashes", "GET //user@gateway/ HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("52 no Host", "GET /v1/models HTTP/1.1\r\nX: y\r\n\r\n", 400),
    HEAD_REFUSED("52 no Host on 1.0", "GET /v1/models HTTP/1.0\r\n\r\n", 400),
    HEAD_REFUSED("53 two Hosts", GET "Host: gateway\r\n\r\n", 400),
    HEAD_REFUSED("53 two Hosts that differ", GET "hOST: evil.test\r\n\r\n", 400),
    ACCEPTED("54 Host not ours: shown to the caller", "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "Host=evil.test;"),
    HEAD_REFUSED("55 fragment", "GET /v1/models#a HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("55 fragment in the query", "GET /v1/models?a#b HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 dot dot", "GET /v1/../admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 dot dot at the end", "GET /v1/.. HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 dot dot semicolon", "GET /v1/..;/admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 one dot", "GET /v1/./models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 one dot at the end", "GET /v1/. HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 %2e", "GET /v1/%2e%2e/admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 %2F", "GET /v1%2Fmodels HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 %00", "GET /v1/models%00 HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 %00 in the query", "GET /v1/models?a=%00 HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 half an escape in the query", "GET /v1/models?a=%4 HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 no escape in the query", "GET /v1/models?a=%zz HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 %252e", "GET /v1/%252e/admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 overlong dot", "GET /v1/%c0%ae/admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 a letter escaped", "GET /v1/%6dodels HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 two slashes", "GET /v1//models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 two slashes first", "GET //v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("56 backslash", "GET /v1\\models HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    ACCEPTED("a path and a query", "GET /v1beta/models/g-1.5:go?alt=sse&a=%20?/ HTTP/1.1\r\nHost: gateway\r\n\r\n",
             "|/v1beta/models/g-1.5:go|alt=sse&a=%20?/|"),
    ACCEPTED("an empty query", "GET /v1/models? HTTP/1.1\r\nHost: gateway\r\n\r\n", "|/v1/models?|/v1/models||"),
};

static const struct threat protocols[] = {
    HEAD_REFUSED("57 CONNECT", "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n", 501),
    HEAD_REFUSED("57 TRACE", "TRACE / HTTP/1.1\r\nHost: gateway\r\n\r\n", 501),
    HEAD_REFUSED("57 post", "post / HTTP/1.1\r\nHost: gateway\r\n\r\n", 501),
    HEAD_REFUSED("57 an unknown method", "FETCH / HTTP/1.1\r\nHost: gateway\r\n\r\n", 501),
    HEAD_REFUSED("57 a method that is no token", "GE(T / HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("58 Upgrade", GET "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
    HEAD_REFUSED("58 h2c",
                 POST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", 400),
    HEAD_REFUSED("58 Upgrade alone", GET "Upgrade: h2c\r\n\r\n", 400),
    HEAD_REFUSED("58 HTTP2-Settings alone", GET "HTTP2-Settings: AAMAAABk\r\n\r\n", 400),
    HEAD_REFUSED("58 Connection: upgrade alone", GET "Connection: keep-alive, UPGRADE\r\n\r\n", 400),
    HEAD_REFUSED("59 HTTP/2.0", "GET / HTTP/2.0\r\nHost: gateway\r\n\r\n", 505),
    HEAD_REFUSED("59 HTTP/1.2", "GET / HTTP/1.2\r\nHost: gateway\r\n\r\n", 505),
    HEAD_REFUSED("59 HTTP/0.9 said", "GET / HTTP/0.9\r\nHost: gateway\r\n\r\n", 505),
    HEAD_REFUSED("59 HTTP/0.9", "GET /\r\n", 400),
    HEAD_REFUSED("59 HTTP/1", "GET / HTTP/1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 HTTP/1.10", "GET / HTTP/1.10\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 HTTP/01.1", "GET / HTTP/01.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 http/1.1", "GET / http/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 RTSP", "OPTIONS / RTSP/1.0\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 ICE", "SOURCE / ICE/1.0\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 two spaces behind the method", "GET  / HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 two spaces before the version", "GET /  HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 a space behind the version", "GET / HTTP/1.1 \r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("59 a tab for a space", "GET\t/ HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    HEAD_REFUSED("60 h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    HEAD_REFUSED("60 a TLS hello", "\x16\x03\x01\x02\x00\x01", 400),
    ACCEPTED("61 pipelined", POST "Content-Length: 3\r\n\r\nabc" GET END, "body:abc[done]<1 GET|"),
    ACCEPTED("63 Expect", POST "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc", "|10110 3>"),
    ACCEPTED("63 Expect without body", POST "Expect: 100-continue\r\n\r\n", "|00100 0>"),
    ACCEPTED("63 Expect on 1.0", "POST / HTTP/1.0\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\na", "|10000 1>"),
    HEAD_REFUSED("63 another Expect", POST "Expect: 200-ok\r\nContent-Length: 3\r\n\r\nabc", 417),
    HEAD_REFUSED("63 two Expects", POST "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
                 417),
    ACCEPTED("64 HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "|00000 0>"),
    HEAD_REFUSED("65 Connection names framing", POST "Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc", 400),
    HEAD_REFUSED("65 Connection names Host", GET "Connection: close, host\r\n\r\n", 400),
    ACCEPTED("65 Connection names its own", GET "Connection: x-hop\r\nX-Hop: 1\r\n\r\n", "X-Hop=1;"),
};

static void check_threat(const struct threat *threat, const struct buffer *log) {
    const bool head_seen = log->len > 0 && log->data[0] == '<';
    const bool as_expected = transcript_status(log) == threat->status && head_seen == (threat->refused != IN_HEAD) &&
                             (threat->holds == NULL || transcript_holds(log, slice_str(threat->holds)));
    if (!as_expected) fail_msg("%s: got %.*s", threat->name, (int)log->len, log->data ? log->data : "");
}

static void check_cut(const struct threat *threat, struct cutting cutting, const struct buffer *whole) {
    struct buffer cut;
    buffer_init(&cut, 0);
    const struct http_limits limits = HTTP_REQUEST_LIMITS;
    transcript_of_requests(threat->bytes, &limits, cutting, &cut);
    if (!slice_equal(buffer_slice(whole), buffer_slice(&cut)))
        fail_msg("%s: cut %zu, %zu: got %.*s", threat->name, cutting.first_bytes, cutting.next_bytes, (int)cut.len,
                 cut.data ? cut.data : "");
    buffer_deinit(&cut);
}

static void run(const struct threat *threats, size_t count) {
    const struct http_limits limits = HTTP_REQUEST_LIMITS;
    for (size_t i = 0; i < count; i++) {
        struct buffer whole;
        buffer_init(&whole, 0);
        transcript_of_requests(threats[i].bytes, &limits, cutting_whole, &whole);
        check_threat(&threats[i], &whole);
        check_cut(&threats[i], cutting_each_byte, &whole);
        for (size_t at = 1; at < threats[i].bytes.len; at++) check_cut(&threats[i], (struct cutting){at, 0}, &whole);
        buffer_deinit(&whole);
    }
}

#define RUN(threats) run((threats), sizeof(threats) / sizeof(threats)[0])

static void test_framing(void **state) {
    (void)state;
    RUN(framing);
}

static void test_lines(void **state) {
    (void)state;
    RUN(lines);
}

static void test_chunks(void **state) {
    (void)state;
    RUN(chunks);
}

static void test_targets(void **state) {
    (void)state;
    RUN(targets);
}

static void test_protocols(void **state) {
    (void)state;
    RUN(protocols);
}

/* The cases above with a byte or two changed: whatever they are then, they are read the same in pieces. */
static void damage(const struct threat *threats, size_t count, uint64_t *random) {
    for (unsigned round = 0; round < 800; round++) {
        const struct threat *model = &threats[transcript_random(random) % count];
        char changed[512];
        assert_true(model->bytes.len <= sizeof changed);
        memcpy(changed, model->bytes.data, model->bytes.len);
        transcript_damage(changed, model->bytes.len, random);
        const struct threat threat = {.name = "damaged", .bytes = slice_of(changed, model->bytes.len)};
        const struct http_limits limits = HTTP_REQUEST_LIMITS;
        struct buffer whole;
        buffer_init(&whole, 0);
        transcript_of_requests(threat.bytes, &limits, cutting_whole, &whole);
        check_cut(&threat, cutting_each_byte, &whole);
        check_cut(&threat, (struct cutting){1 + transcript_random(random) % 64, 1 + transcript_random(random) % 16},
                  &whole);
        buffer_deinit(&whole);
    }
}

static void test_damaged(void **state) {
    (void)state;
    uint64_t random = 20260802;
    print_message("seed %llu\n", (unsigned long long)random);
    damage(framing, sizeof framing / sizeof framing[0], &random);
    damage(lines, sizeof lines / sizeof lines[0], &random);
    damage(chunks, sizeof chunks / sizeof chunks[0], &random);
    damage(targets, sizeof targets / sizeof targets[0], &random);
    damage(protocols, sizeof protocols / sizeof protocols[0], &random);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing), cmocka_unit_test(test_lines),     cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_targets), cmocka_unit_test(test_protocols), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
