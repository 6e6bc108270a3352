/* Words that OpenAI's two formats, chat completions and Responses, share. All read into a struct conversation. */
#ifndef SLUICE_GATEWAY_TRANSLATE_OPENAI_WORDS_H
#define SLUICE_GATEWAY_TRANSLATE_OPENAI_WORDS_H

#include "gateway/translate/reading.h"

/* tool_choice as a string: auto, none or required. */
reading_fn openai_read_choice_word;

/* The type of response_format or text.format: text, json_object or json_schema. */
reading_fn openai_read_shape_word;

/* The `type` of what has to be a function. */
reading_fn openai_read_function_type;

#endif
