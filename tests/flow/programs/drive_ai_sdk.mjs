// Vercel AI SDK: generateText or streamText with one tool, told on standard input what to do.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';

// Packages lie in the folder that SLUICE_NODE names, not beside this file.
const require = createRequire(process.env.SLUICE_NODE + '/index.js');
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { generateText, streamText, stepCountIs, tool, jsonSchema } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createAnthropic } = await load('@ai-sdk/anthropic');

const [root, kind, how] = process.argv.slice(2);
const told = JSON.parse(readFileSync(0, 'utf8'));
const openai = createOpenAI({ baseURL: root + '/v1', apiKey: 'k' });
const models = {
  openai: () => openai.chat('mock'),
  responses: () => openai.responses('mock'),
  anthropic: () => createAnthropic({ baseURL: root + '/v1', apiKey: 'k' })('mock'),
};
const calls = [];
const ask = {
  model: models[kind](),
  prompt: told.prompt,
  maxRetries: 0,
  stopWhen: stepCountIs(5),
  tools: {
    find_person: tool({
      description: 'Finds a person in the address book.',
      inputSchema: jsonSchema({ type: 'object', properties: { to: { type: 'string' } }, required: ['to'] }),
      execute: async (args) => {
        calls.push(['find_person', args]);
        return told.result;
      },
    }),
  },
};
const text = how === 'stream' ? await streamText(ask).text : (await generateText(ask)).text;
console.log(JSON.stringify({ text, calls }));
