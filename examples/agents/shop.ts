/** The world of both agents: a shop whose prices a tool tells, and questions about two things at once. */

const THINGS = ['fig', 'pear', 'plum', 'kiwi', 'lime', 'date'] as const;
const PRICES: Record<string, number> = { fig: 3, pear: 5, plum: 2, kiwi: 7, lime: 4, date: 6 };

export interface Question {
  things: [string, string];
  text: string;
  answer: string;
}

/** Every question there is. */
export const questions: Question[] = THINGS.flatMap((a) =>
  THINGS.filter((b) => b !== a).map((b) => ({
    things: [a, b] as [string, string],
    text: `${a} and ${b}?`,
    answer: String(PRICES[a] + PRICES[b]),
  })),
);

/** The tool: the price of a thing. */
export const priceOf = (thing: string): string => String(PRICES[thing] ?? 'none');

/** What a finished conversation is worth. */
export const worth = ({ answer }: Question, said: string | null | undefined): number =>
  Number(said?.trim() === answer);

/** An agent: answers a question through a model, and says which completion was its last. */
export type Agent = (
  question: Question,
  model: string,
) => Promise<{ said: string | null; completion: string }>;
