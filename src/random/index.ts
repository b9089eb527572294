/** Seeded random streams. */
export { type Rng, rng } from './rng.ts';
