import { defaultWordRules, searchTermsOf, type WordRules } from '../../shared/text/terms.ts';

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

/** A UTC time in the words people ask with: `2026-03-05T…` is `2026-03-05 2026 march 5 thursday`. */
export function dateWords(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return [
    date.toISOString().slice(0, 10),
    date.getUTCFullYear(),
    MONTHS[date.getUTCMonth()],
    date.getUTCDate(),
    WEEKDAYS[date.getUTCDay()],
  ].join(' ');
}

const ORDINALS = (
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth ' +
  'sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth ' +
  'twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first'
).split(' ');
// Longer ones first: the twenty-second is not the second.
const DAY = `(${ORDINALS.toReversed().join('|')}|[0-9]{1,2}(?=st|nd|rd|th))(?:st|nd|rd|th)?`;
const MONTH = `(?:${MONTHS.join('|')})`;
const DAY_OF_MONTH = new RegExp(`\\b${DAY}(?: of)? ${MONTH}\\b|\\b${MONTH} (?:the )?${DAY}\\b`, 'gi');

/** A question's words, with the number of a day it names: `the second of March` asks for 2 as well. */
export function questionTermsOf(question: string, rules: WordRules = defaultWordRules): string[] {
  const days = [...question.matchAll(DAY_OF_MONTH)].map(([, before, after]) => {
    const day = (before ?? after)!.toLowerCase();
    return ORDINALS.includes(day) ? String(ORDINALS.indexOf(day) + 1) : String(Number(day));
  });
  return searchTermsOf([question, ...days].join(' '), rules);
}
