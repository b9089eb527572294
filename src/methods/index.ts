/** The methods that recipes can name. */
import { methodTable } from '../training/index.ts';
import { grpo } from './grpo/method.ts';
import { cispoMethod, dapo, drGrpo, gspo } from './grpo/presets.ts';
import { ppo } from './ppo/method.ts';
import { reinforce } from './reinforce/method.ts';
import { rloo } from './rloo/method.ts';
import { supervised } from './supervised/method.ts';

export { supervisedRow } from './supervised/method.ts';
export { cispoMethod as cispo, dapo, drGrpo, grpo, gspo, ppo, reinforce, rloo, supervised };

/** All methods by name. */
export const methods = methodTable([supervised, grpo, drGrpo, dapo, gspo, cispoMethod, rloo, reinforce, ppo]);
