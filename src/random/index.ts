/** Seeded random streams. */
export { betaVariate } from './beta.ts';
export { type Rng, rng } from './rng.ts';
