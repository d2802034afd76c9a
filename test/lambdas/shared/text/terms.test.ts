import { describe, expect, it } from '@jest/globals';
import { searchTermsOf, termsOf } from '../../../../lambdas/shared/text/terms.ts';
import {
  comparedWordsOf,
  contentWords,
  cut,
  isComparisonStopWord,
  isContextStopWord,
  isNegation,
  isSearchStopWord,
} from '../../../../lambdas/shared/text/words.ts';

const STATEMENT = 'Do not sell out if BTC-USD would fall below 42,000.5';

describe('words that are left out', () => {
  it.each([
    ['the', true, true, true],
    ['would', true, false, true],
    ['out', true, false, true],
    ['below', true, false, false],
    ['while', false, true, false],
    ['not', false, false, true],
  ])('%s: search %s, comparison %s, context %s', (word, search, comparison, context) => {
    expect([isSearchStopWord(word), isComparisonStopWord(word), isContextStopWord(word)]).toEqual([
      search,
      comparison,
      context,
    ]);
  });
});

describe('the words of one statement', () => {
  it('are stems in their order for search, with ids in their parts and decimals whole', () => {
    expect(searchTermsOf(`${STATEMENT} falling`)).toEqual([
      'not',
      'sell',
      'btc',
      'usd',
      'fall',
      '42',
      '000.5',
      'fall',
    ]);
    expect(searchTermsOf('Falling', { stemming: false, stopWords: true })).toEqual(['falling']);
  });

  it('are whole amounts and ids for a comparison, which keeps all that can make a difference', () => {
    expect(comparedWordsOf(STATEMENT).filter((word) => !isComparisonStopWord(word))).toEqual([
      'do',
      'not',
      'sell',
      'out',
      'if',
      'btc-usd',
      'would',
      'fall',
      'below',
      '42,000.5',
    ]);
    expect(['not', "won't", 'cannot', 'knot'].map(isNegation)).toEqual([true, true, true, false]);
  });

  it('are ids with their parts for a context, once each', () => {
    expect([...termsOf('fundingRate of BTC-USD, of fundingRate')]).toEqual([
      'fundingr',
      'fund',
      'rate',
      'btc-usd',
      'btc',
      'usd',
    ]);
  });

  it('have three characters at least in a session summary', () => {
    expect([...contentWords(STATEMENT)]).toEqual(['sell', 'out', 'btc', 'usd', 'fall', 'below', '000']);
  });
});

describe('a cut', () => {
  it('ends between words, and never within a character', () => {
    expect(cut('one two three', 13)).toBe('one two three');
    expect(cut('one two three', 10)).toBe('one two…');
    expect(cut('ab😀cd', 4)).toBe('ab\uFFFD…');
  });
});
