/** A line of Markdown outside code blocks, with its number in the file, from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** A link in a document. */
export interface Link {
  readonly line: number;
  /** As written, including its anchor. */
  readonly target: string;
}

/** Returns the lines outside of fenced code blocks. */
export function linesOutsideCode(markdown: string): readonly Line[] {
  let fence: string | undefined;
  return markdown.split('\n').flatMap((text, index) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      return [];
    }
    return fence === undefined ? [{ number: index + 1, text }] : [];
  });
}

/** Returns inline links and images, except those in code spans. */
export function linksOf(markdown: string): readonly Link[] {
  return linesOutsideCode(markdown).flatMap(({ number, text }) =>
    [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target]) => ({
      line: number,
      target: target!,
    })),
  );
}

/**
 * Returns the anchors of the headings as GitHub creates them: lower case, without punctuation,
 * spaces as hyphens, and a number after a repeated heading.
 */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const { text } of linesOutsideCode(markdown)) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** Returns the lines of prose, without code, tables and headings. */
export function proseOf(markdown: string): readonly Line[] {
  return linesOutsideCode(markdown).filter(({ text }) => !/^\s*(?:\||#|<)/.test(text));
}

function slugOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}
