/** Engines whose every completion follows a constraint. */
import type { Engine, FrozenEngine, SampleOptions } from './engine.ts';

type MakeConstraint = NonNullable<SampleOptions['constraint']>;

/**
 * The engine, with a constraint on all that is sampled from it and from its forks; see `SampleOptions.constraint`. It is the
 * same engine: dispose of it once.
 */
export function constrained(engine: Engine, constraint: MakeConstraint): Engine {
  return replaced(engine, {
    sample: samplingOf(engine, constraint),
    fork: () => {
      const fork = engine.fork();
      return replaced(fork, { sample: samplingOf(fork, constraint) });
    },
  });
}

const samplingOf =
  (engine: FrozenEngine, constraint: MakeConstraint): FrozenEngine['sample'] =>
  (requests, params, options) =>
    engine.sample(requests, params, { ...options, constraint });

/** `of` with other members; all others are its own, and see it as it is. */
function replaced<Of extends object>(of: Of, members: Partial<Of>): Of {
  return new Proxy(of, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return members[name as keyof Of];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
