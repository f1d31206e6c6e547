import { describe, expect, test } from 'vitest';
import { QueryError, storeError } from './failure.ts';

const servers = (code: string, severity = 'ERROR'): Error =>
  Object.assign(new Error('the server said no'), { code, severity });
const nodes = (code: string): Error => Object.assign(new Error('the network said no'), { code });

describe('a statement that was sent', () => {
  test.each([
    ['is refused for a value', servers('22003')],
    ['collides with another', servers('40001')],
    ['meets a full disk', servers('53100')],
    ['is cancelled', servers('57014')],
  ])('and %s has written nothing', (_, cause) => {
    expect(new QueryError(cause, true)).toMatchObject({ isKnown: true, isLost: false });
  });

  test.each([
    ['whose connection breaks', nodes('ECONNRESET')],
    ['whose connection breaks without a word', new Error('Connection terminated unexpectedly')],
    ['whose session is ended', servers('57P01', 'FATAL')],
    ['whose server crashes', servers('57P02', 'FATAL')],
    ['of which the server does not know', servers('40003')],
    ['that takes longer than the driver waits', new Error('Query read timeout')],
    ['that a pipe did not take', nodes('EPIPE')],
  ])('and %s may have written', (_, cause) => {
    expect(new QueryError(cause, true)).toMatchObject({ isKnown: false, isLost: true });
    expect(storeError('s', new QueryError(cause, true), true)).toMatchObject({ outcome: 'unknown' });
    expect(storeError('s', new QueryError(cause, true), false)).toMatchObject({ outcome: 'failed' });
  });

  test('on a connection that is known to be broken never left', () => {
    const cause = new Error('Client has encountered a connection error and is not queryable');
    expect(new QueryError(cause, true)).toMatchObject({ isKnown: true, isLost: true, mayRetry: true });
  });
});

test.each([
  [nodes('ECONNREFUSED'), true],
  [servers('57P03', 'FATAL'), true],
  [servers('53300', 'FATAL'), true],
  [servers('53100'), true],
  [servers('25006'), true],
  [servers('40P01'), true],
  [servers('28P01', 'FATAL'), false],
  [servers('3D000', 'FATAL'), false],
  [servers('42501'), false],
  [servers('54000'), false],
  [servers('22P05'), false],
])('after %o the same may go well: %s', (cause, retry) => {
  const error = new QueryError(cause, false);
  expect(error).toMatchObject({ isKnown: true, mayRetry: retry });
  expect(storeError('s', error, true)).toMatchObject({ code: 'STORE', outcome: 'failed', cause });
});
