/* Ollama's own API, as docs.ollama.com/api has it: chat, generate, two kinds of embeddings, tags, version.
 *
 * Chat and generate stream lines of JSON unless the body says "stream": false; an error in mid-stream is a line
 * of its own under status 200. Tool calls come whole. */
#ifndef SLUICE_BENCH_MOCK_OLLAMA_H
#define SLUICE_BENCH_MOCK_OLLAMA_H

#include "bench/mock/format.h"

extern const struct format ollama_chat_format;
extern const struct format ollama_generate_format;
extern const struct format ollama_embed_format; /* never streams */

format_answer_fn ollama_chat_answer;
format_answer_fn ollama_generate_answer;
format_answer_fn ollama_embed_answer;
format_answer_fn ollama_embeddings_answer;
format_answer_fn ollama_tags_answer;
format_answer_fn ollama_version_answer;

#endif
