import type { NewMessage } from '../../../lambdas/sessions/session.ts';

/**
 * A scripted session of 60 messages between a trader and an agent, for demos and for looking at what is left of it:
 * the same every time, with names, numbers, decisions and open questions strewn over an hour of small talk.
 */
export const conversationTopic = 'BTC-USD';
export const conversationUser = 'ada';

/** What has to be known at the end, and from which message on (counted from 1). */
export const plantedFacts: readonly { readonly from: number; readonly text: string }[] = [
  { from: 1, text: 'My name is Ada Lovelace' },
  { from: 3, text: 'my budget is 12,750 EUR' },
  { from: 9, text: 'We decided to trade at Kraken only.' },
  { from: 17, text: 'stop loss at 58,200' },
  { from: 24, text: 'Open question: which custodian holds the collateral?' },
  { from: 37, text: 'We agreed to halve the position before the Fed meeting on 18 December.' },
];

const planted: Readonly<Record<number, NewMessage>> = {
  1: { role: 'user', content: 'Good morning. My name is Ada Lovelace and I look after the BTC book.' },
  2: {
    role: 'assistant',
    content: 'Good morning Ada. BTC-USD trades at 61,480, up 1.2 % since midnight.',
    metadata: { confidence: 0.92, sources: ['ticker'], collections: ['market'] },
  },
  3: { role: 'user', content: 'Remember that my budget is 12,750 EUR. What does funding look like?' },
  4: {
    role: 'assistant',
    content: 'Funding is 0.01 % per eight hours, so a long is cheap to hold.',
    metadata: { confidence: 0.85, sources: ['funding-api'], collections: ['market'] },
  },
  9: { role: 'user', content: 'We decided to trade at Kraken only. Their fees are fine.' },
  17: { role: 'user', content: 'Please note: stop loss at 58,200, whatever happens.' },
  24: {
    role: 'assistant',
    content: 'Open question: which custodian holds the collateral?',
    metadata: { confidence: 0.4, sources: ['policy-handbook'], collections: ['compliance'] },
  },
  37: {
    role: 'user',
    content: 'We agreed to halve the position before the Fed meeting on 18 December.',
  },
  38: {
    role: 'assistant',
    content: 'I will remind you on 17 December.',
    metadata: { confidence: 0.9, sources: ['calendar'], collections: ['calendar'] },
  },
};

const questions = ['And now?', 'How does it look?', 'Anything new on the tape?', 'Still quiet?'];
const answers = [
  'Little has changed; the book is balanced.',
  'Bids are a bit thinner than before.',
  'Nothing to worry about so far.',
];

const MESSAGES = 60;

/** The 60 messages, oldest first: odd ones are the user's. */
export const conversation: readonly NewMessage[] = Array.from({ length: MESSAGES }, (_, i): NewMessage => {
  const number = i + 1;
  const said = planted[number];
  if (said) return said;
  if (number % 2 === 1) return { role: 'user', content: questions[i % questions.length]! };
  const price = 61_480 + ((number * 37) % 90) - 45;
  return {
    role: 'assistant',
    content: `${answers[i % answers.length]} Last price ${price.toLocaleString('en-US')}.`,
    metadata: { confidence: 0.7 + (number % 4) / 20, sources: ['ticker'], collections: ['market'] },
  };
});
