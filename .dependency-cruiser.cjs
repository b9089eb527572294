// Imports flow one way: each room may import only the rooms listed for it (and itself).
const ROOMS = {
  random: [],
  tensor: [],
  text: [],
  nn: ['tensor', 'random'],
  engine: ['nn', 'tensor', 'text', 'random'],
  objectives: ['tensor', 'engine'],
  rollout: ['engine', 'text', 'random', 'graders'],
  graders: ['random', 'text'],
  environments: ['random', 'text', 'graders', 'rollout'],
  curricula: ['random'],
  evaluation: ['random'],
  store: [],
  report: ['store', 'evaluation'],
  training: ['engine', 'rollout', 'objectives', 'graders', 'environments', 'curricula', 'evaluation', 'store', 'text', 'nn', 'tensor', 'random'],
  methods: ['training', 'engine', 'rollout', 'objectives', 'graders', 'environments', 'curricula', 'evaluation', 'store', 'text', 'nn', 'tensor', 'random'],
};
const rules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports-only-below`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: [`^src/(${[room, ...allowed].join('|')})/`] },
}));
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ...rules,
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};
