/** What must be so of each question. Each check gives what is not. */
import { isDeepStrictEqual } from 'node:util';
import { answerOf, type BallotContext, questionsOf } from './machine.ts';
import type { Round } from './round.ts';

interface Counts {
  /** Questions that A was the first to answer, and those where both answers were under way at the same time. */
  firstA: number;
  atOnce: number;
}

/** One is first, the other is told so, and the ballot and the record have the answer of the first. */
export async function checkBallot(ballot: string, round: Round, counts: Counts): Promise<string[]> {
  const faults: string[] = [];
  const { snapshot, record } = await round.read(ballot);
  const { votes } = (snapshot as { readonly context: BallotContext }).context;
  const questions = Object.entries(questionsOf(ballot));
  if (votes.length !== questions.length)
    faults.push(`${ballot} counts ${votes.length} votes on ${questions.length} questions`);
  for (const [on, question] of questions) {
    const [a, b] = [round.outcomes.A.get(question)!, round.outcomes.B.get(question)!];
    if ((a.closed === undefined) === (b.closed === undefined)) {
      faults.push(`${question}: ${a.closed ? 'neither' : 'both'} came first`);
      continue;
    }
    const [first, second] = a.closed === undefined ? (['A', 'B'] as const) : (['B', 'A'] as const);
    const { closed } = a.closed === undefined ? b : a;
    if (first === 'A') counts.firstA++;
    if (a.from < b.to && b.from < a.to) counts.atOnce++;
    const value = { for: answerOf(first, question) };
    if (
      !isDeepStrictEqual(
        votes.filter((vote) => vote.on === on),
        [{ on, ...value }],
      )
    )
      faults.push(`${question}: ${first} came first, and the ballot has ${JSON.stringify(votes)}`);
    const kept = await record(question);
    if (!isDeepStrictEqual([kept?.status, kept?.by, kept?.value], ['answered', first, value]))
      faults.push(`${question}: ${first} came first, and the record is ${JSON.stringify(kept)}`);
    if (closed?.reason !== 'answered' || closed.by !== first)
      faults.push(`${question}: ${first} came first, and ${second} was told ${JSON.stringify(closed)}`);
    if (Number(closed?.at) !== Number(kept?.at))
      faults.push(
        `${question}: ${second} was told of ${Number(closed?.at)}, the record says ${Number(kept?.at)}`,
      );
    if (kept?.others.some(({ by }) => by !== second))
      faults.push(`${question}: ${first} came first, and was refused as well`);
  }
  return faults;
}
