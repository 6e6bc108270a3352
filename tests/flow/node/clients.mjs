// Asks what standard input says, through the official packages, and writes what they made of the answers.
//
//   in:  {"root": URL, "key": TEXT, "cases": [{"id", "client": "chat"|"responses"|"messages", "stream", "prompt", "mock", "tools"}]}
//   out: {id: {"text", "calls": [[name, arguments]], "events"} or {"error": {"name", "status", "code"}}}
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { root, key, cases } = JSON.parse(readFileSync(0, "utf8"));
const openai = new OpenAI({ baseURL: `${root}/v1`, apiKey: key, timeout: 20_000 });
const anthropic = new Anthropic({ baseURL: root, apiKey: key, timeout: 20_000 });
const parameters = { type: "object", properties: {} };

async function chat({ prompt, stream, mock, tools }) {
  const body = { model: "mock", messages: [{ role: "user", content: prompt }], mock };
  if (tools) body.tools = tools.map((name) => ({ type: "function", function: { name, parameters } }));
  let events = 0;
  let answer;
  if (stream) {
    const runner = openai.chat.completions.stream(body);
    for await (const _ of runner) events++;
    answer = await runner.finalChatCompletion();
  } else {
    answer = await openai.chat.completions.create(body);
  }
  const { content, tool_calls = [] } = answer.choices[0].message;
  return { text: content ?? "", calls: (tool_calls ?? []).map((c) => [c.function.name, JSON.parse(c.function.arguments)]), events };
}

async function responses({ prompt, stream, mock, tools }) {
  const body = { model: "mock", input: prompt, mock };
  if (tools) body.tools = tools.map((name) => ({ type: "function", name, parameters, strict: false }));
  let events = 0;
  let spoken = "";
  let answer;
  if (stream) {
    for await (const event of await openai.responses.create({ ...body, stream: true })) {
      events++;
      if (event.type === "response.output_text.delta") spoken += event.delta;
      if (event.type === "response.completed") answer = event.response;
    }
  } else {
    answer = await openai.responses.create(body);
    spoken = answer.output_text;
  }
  const said = answer.output.flatMap((item) => (item.type === "message" ? item.content.map((part) => part.text) : [])).join("");
  if (said !== spoken) throw new Error("the deltas and the final response differ");
  const calls = answer.output.filter((item) => item.type === "function_call").map((item) => [item.name, JSON.parse(item.arguments)]);
  return { text: said, calls, events };
}

async function messages({ prompt, stream, mock, tools }) {
  const body = { model: "mock", max_tokens: 1000, messages: [{ role: "user", content: prompt }], mock };
  if (tools) body.tools = tools.map((name) => ({ name, input_schema: parameters }));
  let events = 0;
  let answer;
  if (stream) {
    const runner = anthropic.messages.stream(body);
    for await (const _ of runner) events++;
    answer = await runner.finalMessage();
  } else {
    answer = await anthropic.messages.create(body);
  }
  const text = answer.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("");
  const calls = answer.content.filter((block) => block.type === "tool_use").map((block) => [block.name, block.input]);
  return { text, calls, events };
}

const clients = { chat, responses, messages };
const results = {};
for (const one of cases) {
  try {
    results[one.id] = await clients[one.client](one);
  } catch (error) {
    results[one.id] = { error: { name: error.constructor.name, status: error.status ?? null, code: error.code ?? error.type ?? null, message: error.message } };
  }
}
process.stdout.write(JSON.stringify(results));
