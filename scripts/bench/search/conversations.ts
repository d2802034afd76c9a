import {
  type LabelledSet,
  memoryOf,
  type Question,
  type Sketch,
} from '../../../test/support/labelled-memories.ts';

/**
 * Conversations made up from templates: who asks, who answers, and a question put later in other words. The later
 * question shares with its evidence what people's questions share: a name, a word in another form, what the previous
 * turn asked, a date; often little. Other people say the same things about other values, so nothing is unique.
 */
interface Topic {
  readonly asks: readonly string[];
  /** `{v}` is the value. */
  readonly answers: readonly string[];
  /** `{n}` is who answered, `{d}` the day in words. */
  readonly questions: readonly string[];
  readonly values: readonly string[];
}

const topics: readonly Topic[] = [
  {
    asks: ['Have you decided where to travel this summer?', 'Any plans for your vacation yet?'],
    answers: ['We settled on {v}, three weeks in total.', '{v}, probably with the kids.'],
    questions: ['Which place is {n} going to on vacation?', 'Where will {n} be traveling?'],
    values: ['Lisbon', 'Crete', 'Norway', 'Kyoto', 'Quebec'],
  },
  {
    asks: ['What instrument are you learning?', 'Did you ever start with music lessons?'],
    answers: ['I began with the {v} in spring.', 'Yes, the {v}. My neighbours hate it.'],
    questions: ['What instrument does {n} learn to play?', 'Which music lessons has {n} started?'],
    values: ['cello', 'trumpet', 'piano', 'harp', 'banjo'],
  },
  {
    asks: ['How did your job interview go?', 'Did you hear back about the new job?'],
    answers: ['They offered me the role at {v}!', '{v} signed me, I begin in two weeks.'],
    questions: ['Which company hired {n}?', 'Where did {n} get a new job after interviewing?'],
    values: ['a bakery', 'the harbour office', 'a game studio', 'the city library', 'an insurer'],
  },
  {
    asks: ['Did you adopt a pet in the end?', 'Who is barking in the background?'],
    answers: ['That is {v}, we adopted him on Sunday.', 'Meet {v}, the newest family member.'],
    questions: ["What is the name of {n}'s pet?", 'Whom did {n} adopt?'],
    values: ['Biscuit', 'Pepper', 'Ziggy', 'Mochi', 'Otto'],
  },
  {
    asks: ['Are you still allergic to something?', 'Can you eat everything on the menu?'],
    answers: ['Everything except {v}, I swell up at once.', 'No {v} for me, doctor was strict.'],
    questions: ['Which food is {n} allergic to?', 'What can {n} not eat?'],
    values: ['peanuts', 'shellfish', 'celery', 'sesame', 'kiwi'],
  },
  {
    asks: ['Which bike did you buy?', 'Is that a new car outside?'],
    answers: ['I bought the {v} one, second hand.', 'The {v} one, picked it up this morning.'],
    questions: ['What did {n} buy {d}?', 'What was the new purchase of {n}?'],
    values: ['red', 'electric', 'folding', 'vintage', 'matte black'],
  },
  {
    asks: ['How is the marathon training going?', 'Still running every morning?'],
    answers: ['I managed {v} kilometres without stopping.', 'Now at {v} kilometres, knees are fine.'],
    questions: ['How far does {n} run in training?', 'How many kilometres did {n} manage {d}?'],
    values: ['12', '18', '25', '31', '9'],
  },
  {
    asks: ['What should we do about the leaking roof?', 'Did the plumber come about the repair?'],
    answers: ['He wants {v} euros, I said yes.', 'The estimate was {v} euros, far too much.'],
    questions: ['How expensive was the repair {n} was quoted?', 'What did the plumber ask {n} for?'],
    values: ['480', '1250', '90', '2300', '760'],
  },
  {
    asks: ['When is your sister getting married?', 'Is the wedding date fixed?'],
    answers: ['It will be in {v}, by the lake.', 'Finally yes: {v}. Save the day.'],
    questions: [
      "When is the wedding of {n}'s sister?",
      'Which month was fixed for the marriage, according to {n}?',
    ],
    values: ['April', 'September', 'June', 'October', 'May'],
  },
  {
    asks: ['What are you reading at the moment?', 'Could you recommend a book?'],
    answers: ['{v} kept me up all night.', 'I finished {v} on the train, go for it.'],
    questions: ['Which book was recommended by {n}?', 'What did {n} read {d}?'],
    values: ['Middlemarch', 'Dune', 'Stoner', 'Solaris', 'Persuasion'],
  },
];

/** Said in between, about nothing. */
const chatter = [
  'Nice, tell me more some other time.',
  'The weather has been awful, hasn’t it?',
  'I need another coffee.',
  'Let me call you back in a moment.',
  'That reminds me of last year.',
  'Same here, honestly.',
  'How are the kids?',
  'We should meet more often.',
  'I was thinking the same about work.',
  'Sorry, I was away for a while.',
];

const people = ['Ana', 'Bo', 'Carla', 'Deniz', 'Emil', 'Farah', 'Gus', 'Hana'];
const DAY_MS = 24 * 3600 * 1000;
const dayWords = (time: string): string =>
  `on ${new Date(time).toLocaleDateString('en-US', { day: 'numeric', month: 'long', timeZone: 'UTC' })}`;

/** Eight people, `pairs` conversations of two, every topic in each. */
export function conversations(random: () => number, pairs = 16): LabelledSet {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const agentId = 'conversations';
  const memories: ReturnType<typeof memoryOf>[] = [];
  const questions: Question[] = [];
  const asked = new Set<string>();
  for (let pair = 0; pair < pairs; pair++) {
    const first = people[pair % people.length]!;
    const second = people[(pair + 1 + Math.floor(pair / people.length)) % people.length]!;
    const occurredAt = new Date(Date.UTC(2025, 8, 1) + pair * 9 * DAY_MS).toISOString();
    let seq = 0;
    const say = (speaker: string, content: string): string => {
      const sketch: Sketch = { content, speaker, seq: seq++, occurredAt, sessionId: `talk-${pair}` };
      const memory = memoryOf(agentId, sketch, `${pair}.${seq}`);
      memories.push(memory);
      return memory.memoryId;
    };
    for (const topic of [...topics].sort(() => random() - 0.5)) {
      const [asker, answerer] = random() < 0.5 ? [first, second] : [second, first];
      for (let i = 0; i < 2; i++) say(pick([first, second]), pick(chatter));
      say(asker, pick(topic.asks));
      const evidence = say(answerer, pick(topic.answers).replace('{v}', pick(topic.values)));
      const text = pick(topic.questions).replace('{n}', answerer).replace('{d}', dayWords(occurredAt));
      // A second conversation of the same person about the same topic: the day says which is meant.
      const dated =
        asked.has(text) && !text.includes(' on ') ? `${text.slice(0, -1)}, ${dayWords(occurredAt)}?` : text;
      asked.add(text);
      questions.push({ text: dated, evidence: [evidence], topic: topics.indexOf(topic) });
    }
  }
  return { name: 'generated conversations', memories, questions };
}
