import { Tokenizer, TokenType } from '@streamparser/json';
import type { HttpAnswer } from '../http/http-client';
import { contentError } from './check-content-type';

/**
 * Largest answer that is read, in bytes. Registries may send much more than tags: Google's also
 * send every manifest (go-containerregistry issue 897).
 */
const MAX_READ = 256 * 1024 * 1024;
/** Largest part of an answer without a token of JSON, in bytes: a string that long is no tag. */
const MAX_TOKEN = 1024 * 1024;
/** What is kept of one answer: the number of tags, and their characters. */
const MAX_TAGS = 500_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Reads the member `tags` of an answer to `tags/list` while it arrives. What is kept is bounded,
 * not what is read, and the rest of the document never becomes objects. Values that are not strings
 * are left out. Throws UPSTREAM_CONTENT if the answer is not a list of tags, is incomplete, or is
 * beyond the limits, and the errors of the body.
 */
export async function readTags(answer: HttpAnswer): Promise<string[]> {
  const document = new TagDocument();
  let read = 0;
  for await (const chunk of answer.body.stream()) {
    read += chunk.length;
    if (read > MAX_READ || !document.write(chunk)) break;
  }
  if (document.tags !== undefined && read <= MAX_READ) return document.tags;
  if (document.isTooLarge || read > MAX_READ) {
    throw contentError(answer, 'sent a list of tags that is larger than the limits of Layover');
  }
  throw contentError(answer, 'answered with something that is not a list of tags');
}

/** The members of a document that has tags, and those that say that it is such a document. */
const TAGS = 'tags';
const NAME = 'name';

/** A document of a registry that is read token by token. */
class TagDocument {
  isTooLarge = false;
  private readonly tokenizer = new Tokenizer();
  private found: string[] = [];
  private characters = 0;
  private depth = 0;
  /** The member of the outermost object whose value is being read. */
  private member: string | undefined;
  private expectsMember = false;
  private hasTags = false;
  private hasName = false;
  private isInvalid = false;
  private isOver = false;
  /** Bytes since the last token. */
  private silent = 0;

  constructor() {
    this.tokenizer.onToken = ({ token, value }) => this.take(token, value);
    this.tokenizer.onError = () => {
      this.isInvalid = true;
    };
  }

  /** Returns the tags; undefined if the document is not, or not yet, a complete list of tags. */
  get tags(): string[] | undefined {
    const isList = this.isOver && !this.isInvalid && !this.isTooLarge && (this.hasTags || this.hasName);
    return isList ? this.found : undefined;
  }

  /** Takes the next bytes. Returns whether it is worth reading on. */
  write(chunk: Buffer): boolean {
    this.silent += chunk.length;
    this.tokenizer.write(chunk);
    if (this.silent > MAX_TOKEN) this.isTooLarge = true;
    return !this.isInvalid && !this.isTooLarge;
  }

  private take(token: TokenType, value: unknown): void {
    this.silent = 0;
    if (this.isInvalid) return;
    if (this.isOver || (this.depth === 0 && token !== TokenType.LEFT_BRACE)) {
      this.isInvalid = true;
      return;
    }
    switch (token) {
      case TokenType.LEFT_BRACE:
      case TokenType.LEFT_BRACKET:
        this.open(token);
        return;
      case TokenType.RIGHT_BRACE:
      case TokenType.RIGHT_BRACKET:
        this.depth -= 1;
        this.isOver = this.depth === 0;
        return;
      case TokenType.COMMA:
        this.expectsMember = this.depth === 1;
        return;
      case TokenType.COLON:
        return;
      default:
        this.takeValue(token, value);
    }
  }

  private open(token: TokenType): void {
    if (this.depth === 0) this.expectsMember = true;
    else if (this.depth === 1 && this.member === TAGS) {
      this.isInvalid = token !== TokenType.LEFT_BRACKET;
      this.begin();
    }
    this.depth += 1;
  }

  private takeValue(token: TokenType, value: unknown): void {
    if (this.depth === 1 && this.expectsMember) {
      this.expectsMember = false;
      this.member = typeof value === 'string' ? value : undefined;
      this.hasName ||= this.member === NAME;
      return;
    }
    if (this.member !== TAGS || this.depth > 2) return;
    if (this.depth === 1) {
      // `null` is an empty list; any other plain value is none.
      this.isInvalid = token !== TokenType.NULL;
      this.begin();
    } else if (typeof value === 'string') this.keep(value);
  }

  /** Begins the list; of several, the last one counts, as for JSON.parse. */
  private begin(): void {
    this.hasTags = true;
    this.found = [];
    this.characters = 0;
  }

  private keep(tag: string): void {
    this.found.push(tag);
    this.characters += tag.length;
    if (this.found.length > MAX_TAGS || this.characters > MAX_CHARACTERS) this.isTooLarge = true;
  }
}
