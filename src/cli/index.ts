/** The command line as a part: its program, and the recipes that come with Burnish. */
export { createProgram } from './program.ts';
export { builtInNames, builtInRecipe } from './recipes/index.ts';
