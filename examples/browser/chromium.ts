/**
 * A real browser: the Chromium that the package @sparticuz/chromium ships, else the one of the system.
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

/** Web security stays on. Without a sandbox, as it may run as root. */
const flags = [
  '--no-sandbox',
  '--headless=shell',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts a browser. What its pages store lies in `profile`, a folder, and outlives the browser. */
export async function startChromium(profile: string): Promise<BrowserContext> {
  const executablePath = await findChromium();
  return chromium.launchPersistentContext(profile, { executablePath, args: flags });
}

/** Where the browser is. Rejects where there is none, and says why. */
async function findChromium(): Promise<string> {
  try {
    return await unpackedChromium();
  } catch (error) {
    const found = systemPaths.find((path) => existsSync(path));
    if (found !== undefined) return found;
    throw new Error(
      'There is no Chromium here: neither the package @sparticuz/chromium nor the system has one.',
      {
        cause: error,
      },
    );
  }
}

/** Unpacked once for each version, as that takes seconds. It is whole once it is in its place. */
async function unpackedChromium(): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('@sparticuz/chromium/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(import.meta.dirname, '../../.cache/chromium', version);
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true });
    const unpacking = mkdtempSync(`${folder}-`);
    await unpackInto(unpacking);
    try {
      renameSync(unpacking, folder);
    } catch {
      // Another process was faster.
      rmSync(unpacking, { recursive: true, force: true });
    }
  }
  return join(folder, 'chromium');
}

/** The package unpacks into the folder for temporary files, and nowhere else. */
async function unpackInto(folder: string): Promise<void> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}
