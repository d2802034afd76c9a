/** Sixty messages between a trader and her agent: what is said early must still be known at the end. */
export const TOPIC = 'BTC-USD';

const turns: readonly (readonly [user: string, assistant: string])[] = [
  [
    'My name is Anna Berger and I trade bitcoin with at most 5,000 dollars a position.',
    'Noted: at most 5,000 dollars a position.',
  ],
  ['I decided never to hold over the weekend.', 'I will close everything on Fridays by 20:00 UTC.'],
  [
    'What was the range today?',
    'BTC-USD moved between 60,850 and 62,400; the volume was 18 % above its average.',
  ],
  [
    'Is the whale wallet bc1q7x still selling?',
    'It moved 1,200 BTC to an exchange at 09:14 and nothing since.',
  ],
  ['Then let us wait for 60,500 before we buy.', 'Decided: a limit order at 60,500, stop at 59,800.'],
  ['How big would the position be?', 'At 60,500 and 5,000 dollars it is 0.0826 BTC.'],
  ['And the fee?', 'The taker fee is 0.25 %, so 12.50 dollars.'],
  [
    'Who else looks at this order?',
    'Risk is checked by the risk-manager agent, and Tom Weiss signs off above 4,000 dollars.',
  ],
  ['Has Tom answered?', 'Not yet. The question is open since 10:02.'],
  ['What does funding look like?', 'Funding is 0.012 % per 8 hours, long pays short.'],
  ['Any news?', 'The Fed minutes come out at 18:00 UTC today.'],
  ['We should not be in a trade at that time.', 'Agreed: no open position between 17:45 and 18:30 UTC.'],
  [
    'What did we do last time before the minutes?',
    'Last month we sold at 17:30 and bought back 1.1 % lower.',
  ],
  ['How sure are you about the trend?', 'The four-hour trend is up with confidence 0.64.'],
  ['That is low.', 'Yes. Below 0.7 I would take half of the position.'],
  ['Then half of it: 2,500 dollars.', 'Decided: 2,500 dollars, so Tom does not have to sign off.'],
  ['Did the order fill?', 'It filled at 60,480 at 13:07: 0.0413 BTC.'],
  ['Where is the stop?', 'The stop is at 59,800, a risk of 28 dollars.'],
  ['Can we move it to break-even?', 'After 61,100, as your rules say.'],
  ['What about ETH?', 'ETH-USD follows with a correlation of 0.87; there is no separate signal.'],
  ['Leave it then.', 'Leaving it.'],
  ['Price now?', 'It is 61,140 at 15:20; the stop goes to 60,480.'],
  ['Good. Target?', 'The first target is 61,900, where sellers stood in the morning.'],
  ['Take half off there.', 'Decided: sell 0.0206 BTC at 61,900.'],
  [
    'What if it does not get there by 17:45?',
    'Then I close everything at the market, because of the minutes.',
  ],
  ['Did Tom ever answer?', 'He did at 15:41: he agrees, and asks for a note on slippage.'],
  ['What is the slippage?', 'It was 0.03 % at the entry, 75 cents.'],
  ['Send him that.', 'Sent to Tom Weiss at 15:52.'],
  ['Is the whale quiet?', 'It moved another 300 BTC at 16:05. That is a warning.'],
  ['Should we close before the target?', 'Price is 61,610. Shall I close now, or wait for 61,900?'],
];

export const messages = turns.flatMap(([user, assistant], i) => [
  { role: 'user', content: user, metadata: {} },
  {
    role: 'assistant',
    content: assistant,
    metadata: { confidence: 0.6 + (i % 4) / 10, sources: ['exchange'] },
  },
]);
