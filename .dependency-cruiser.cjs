// Imports flow one way: each room may import only the rooms listed for it (and itself).
const TRAINING = [
  'engine',
  'rollout',
  'objectives',
  'graders',
  'environments',
  'curricula',
  'evaluation',
  'store',
  'text',
  'nn',
  'tensor',
  'random',
];
const ROOMS = {
  types: [],
  random: [],
  files: [],
  processes: [],
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
  training: TRAINING,
  reproduce: ['training', 'report', ...TRAINING],
  methods: ['reproduce', 'training', ...TRAINING],
  server: ['methods', 'training', ...TRAINING],
};
const rules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports-only-below`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: '(\\.test\\.ts$|/testing)' },
  to: { path: '^src/', pathNot: [`^src/(${['types', 'files', 'processes', room, ...allowed].join('|')})/`] },
}));
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...rules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
