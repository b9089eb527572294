/** Writes out addition and subtraction column by column, as one does on paper. */

export type ColumnOperation = '+' | '-';

/** Digits of a number from the least significant, padded with zeros to `columns`. */
function columnsOf(number: bigint, columns: number): number[] {
  return [...number.toString().padStart(columns, '0')].reverse().map(Number);
}

/**
 * The working of left + right or left - right (left >= right >= 0 for subtraction), one step a column from the right,
 * joined by commas. A carry is added, and a borrow subtracted, as a third term; a digit too small to subtract from has
 * its borrowed ten written in front. 47+85: `7+5=12,4+8+1=13`; 82-47: `12-7=5,8-4-1=3`.
 */
export function columnSteps(left: bigint, operation: ColumnOperation, right: bigint): string {
  const columns = Math.max(left.toString().length, right.toString().length);
  const a = columnsOf(left, columns);
  const b = columnsOf(right, columns);
  const steps: string[] = [];
  let carried = 0;
  for (let i = 0; i < columns; i++) {
    const third = carried === 0 ? '' : `${operation}${carried}`;
    if (operation === '+') {
      const sum = a[i] + b[i] + carried;
      steps.push(`${a[i]}+${b[i]}${third}=${sum}`);
      carried = sum >= 10 ? 1 : 0;
    } else {
      const borrowed = a[i] - b[i] - carried < 0 ? 10 : 0;
      steps.push(`${a[i] + borrowed}-${b[i]}${third}=${a[i] + borrowed - b[i] - carried}`);
      carried = borrowed === 0 ? 0 : 1;
    }
  }
  return steps.join(',');
}
