#include "gateway/translate/openai_words.h"

enum outcome openai_read_choice_word(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"auto", "none", "required", NULL};
    static const enum tool_choice choices[] = {CHOICE_AUTO, CHOICE_NONE, CHOICE_REQUIRED};
    uint32_t index = 0;
    const enum outcome outcome = reading_word(reading, node, words, &index);
    if (outcome == OUTCOME_OK) ((struct conversation *)into)->tool_choice = choices[index];
    return outcome;
}

enum outcome openai_read_shape_word(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"text", "json_object", "json_schema", NULL};
    static const enum answer_shape shapes[] = {SHAPE_TEXT, SHAPE_JSON, SHAPE_SCHEMA};
    uint32_t index = 0;
    const enum outcome outcome = reading_word(reading, node, words, &index);
    if (outcome == OUTCOME_OK) ((struct conversation *)into)->shape = shapes[index];
    return outcome;
}

enum outcome openai_read_function_type(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const char *const words[] = {"function", NULL};
    uint32_t index = 0;
    return reading_word(reading, node, words, &index);
}
