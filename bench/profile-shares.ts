/** What ONNX Runtime's profiler wrote of a program, added up by kind of operator. */

/** One event of a profile; more is written than is read here. */
export interface ProfileEvent {
  cat?: string;
  name: string;
  /** Microseconds. */
  dur?: number;
  args?: {
    op_name?: string;
    /** A type and a shape for each array. */
    input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** What the operators of one kind took in a run, on average. */
export interface OperatorShare {
  kind: string;
  milliseconds: number;
  /** Of the whole run, 0 to 1. */
  share: number;
  nodes: number;
  /** Operations a nanosecond; undefined for all but products. */
  gigaflops?: number;
}

export interface ProgramProfile {
  runs: number;
  /** Milliseconds of a run, what lies between the operators included. */
  milliseconds: number;
  /** The longest first, what lies between operators among them. */
  operators: OperatorShare[];
}

const PRODUCTS: ReadonlySet<string> = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

const sizeOf = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1);
const firstShape = (shapes: readonly Readonly<Record<string, readonly number[]>>[] = []) =>
  Object.values(shapes[0] ?? {})[0] ?? [];

/** Multiplications and additions of a matrix product: twice the result's size times the length of what is summed. */
function productFlops({ input_type_shape, output_type_shape }: NonNullable<ProfileEvent['args']>): number {
  const result = firstShape(output_type_shape);
  const rows = sizeOf(result.slice(0, -1));
  return 2 * sizeOf(result) * (sizeOf(firstShape(input_type_shape)) / rows);
}

/** Products of matrices are with weights, or their gradients; those of more dimensions are attention's. */
function kindOf({ op_name = '', input_type_shape }: NonNullable<ProfileEvent['args']>): string {
  if (!PRODUCTS.has(op_name)) return op_name;
  return firstShape(input_type_shape).length > 2 ? 'products of attention' : 'products with weights';
}

/** Adds the events of one program up; undefined where it never ran. */
export function profileOf(events: readonly ProfileEvent[]): ProgramProfile | undefined {
  const whole = events.filter(({ name }) => name === 'model_run');
  if (whole.length === 0) return undefined;
  const runs = whole.length;
  const milliseconds = whole.reduce((sum, { dur = 0 }) => sum + dur, 0) / 1000 / runs;
  const kinds = new Map<string, { microseconds: number; nodes: number; flops: number }>();
  for (const { cat, name, dur = 0, args } of events) {
    if (cat !== 'Node' || args === undefined || !name.endsWith('_kernel_time')) continue;
    const kind = kindOf(args);
    const sum = kinds.get(kind) ?? { microseconds: 0, nodes: 0, flops: 0 };
    sum.microseconds += dur;
    sum.nodes++;
    if (PRODUCTS.has(args.op_name ?? '')) sum.flops += productFlops(args);
    kinds.set(kind, sum);
  }
  const operators: OperatorShare[] = Array.from(kinds, ([kind, { microseconds, nodes, flops }]) => ({
    kind,
    milliseconds: microseconds / 1000 / runs,
    share: microseconds / 1000 / runs / milliseconds,
    nodes: nodes / runs,
    ...(flops > 0 ? { gigaflops: flops / microseconds / 1000 } : {}),
  }));
  const between = milliseconds - operators.reduce((sum, one) => sum + one.milliseconds, 0);
  operators.push({
    kind: 'between operators',
    milliseconds: between,
    share: between / milliseconds,
    nodes: 0,
  });
  return { runs, milliseconds, operators: operators.sort((a, b) => b.milliseconds - a.milliseconds) };
}
