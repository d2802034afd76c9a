import type { SessionSubject } from '../sessions/session.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import type { ContextRequest } from './contract.ts';
import { ON_TOPIC } from './entries.ts';
import type { Need } from './ranking.ts';
import type { WantedMemories } from './relevant-memories.ts';
import { featuresOf, scalarsOf } from './situation.ts';
import { termsOf } from '../shared/text/terms.ts';

/** Messages of the user, the newest, that stand in for a query. */
const MESSAGES_ASKED = 2;

/** The parts of a session that say what is wanted. */
interface AskingSession {
  readonly head: Pick<SessionSubject, 'topic' | 'userId'>;
  readonly messages?: ResumedSession['messages'];
}

/** The query, or else the user's newest messages; then the session's topic and the values of the situation. */
function wordsAsked({ query, situation }: ContextRequest, session: AskingSession | undefined): string {
  const lastAsked = (session?.messages ?? [])
    .filter(({ role }) => role === 'user')
    .slice(-MESSAGES_ASKED)
    .map(({ content }) => content);
  const values = scalarsOf(situation).map(([, value]) => value);
  return [query ?? lastAsked.join(' '), session?.head.topic, ...values].filter(Boolean).join(' ');
}

/** The memories to search for. */
export const wantedMemories = (
  request: ContextRequest,
  session: AskingSession | undefined,
): WantedMemories => ({ query: wordsAsked(request, session), userId: session?.head.userId });

/** The words and features by which candidates are ranked. */
export function needOf(request: ContextRequest, session: ResumedSession | undefined): Need {
  const features = featuresOf(request.situation);
  if (session?.head.topic !== undefined) features.add(ON_TOPIC);
  return { terms: termsOf(`${wordsAsked(request, session)} ${request.decisionType ?? ''}`), features };
}
