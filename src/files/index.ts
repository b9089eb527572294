/** Writing files whole or not at all. */
export { type FileContent, syncFolder, writeAtomically } from './atomic-write.ts';
