/** E-mails with a link that answers one question. They are printed, and never sent. */
import { currentEffect, signInput } from 'savepoint';
import { report } from '../stage/report.ts';

export interface Letter {
  readonly to: string;
  /** The id of the question that whoever has the letter may answer. */
  readonly question: string;
}

const DAY = 24 * 3_600_000;

/** The secret behind the links. */
export const linkKey = (): string => process.env['LINK_KEY'] ?? '';

export async function mailLink({ to, question }: Letter): Promise<void> {
  const token = await signInput(question, {
    key: linkKey(),
    // Longer than the question is open: who comes late shall be told why.
    expires: Date.now() + DAY,
    choices: [{ approved: true }, { approved: false }],
  });
  const url = `${process.env['WEBSITE']}/?token=${token}`;
  // Stable over restarts: a mail service can tell a second copy by it.
  const id = currentEffect()?.effectId;
  report({ topic: `mails ${to}`, text: `mails ${to}, message ${id}: ${url.slice(0, 44)}…`, url });
}
