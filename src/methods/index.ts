/** The methods that recipes can name. */
import { methodTable } from '../training/index.ts';
import { amft } from './amft/method.ts';
import { bots } from './bots/method.ts';
import { dpo } from './dpo/method.ts';
import { onlineDpo } from './dpo/online.ts';
import { expertIteration } from './echo-chamber/method.ts';
import { eft } from './eft/method.ts';
import { grpo } from './grpo/method.ts';
import { cispoMethod, dapo, drGrpo, gspo } from './grpo/presets.ts';
import { int } from './int/method.ts';
import { mrt } from './mrt/method.ts';
import { mrtStar, star } from './mrt/star.ts';
import { nft } from './nft/method.ts';
import { rft } from './nft/presets.ts';
import { bestOfN } from './on-policy-preference/best-of-n.ts';
import { dft } from './otr/dft.ts';
import { otr } from './otr/method.ts';
import { ppo } from './ppo/method.ts';
import { reinforce } from './reinforce/method.ts';
import { rifRft } from './rft-forgetting/method.ts';
import { rise } from './rise/method.ts';
import { rloo } from './rloo/method.ts';
import { selfRewardingPpo } from './self-rewarding-ppo/method.ts';
import { supervised } from './supervised/method.ts';
import { tarot } from './tarot/method.ts';
import { traffic } from './traffic/method.ts';
import { truthrl } from './truthrl/method.ts';
import { rTuning } from './truthrl/r-tuning.ts';

export { supervisedRow } from './supervised/method.ts';
export type { SampledTurn, TrafficData } from './traffic/method.ts';
export {
  amft,
  bestOfN,
  bots,
  cispoMethod as cispo,
  dapo,
  dft,
  dpo,
  drGrpo,
  eft,
  expertIteration,
  grpo,
  gspo,
  int,
  mrt,
  mrtStar,
  nft,
  onlineDpo,
  otr,
  ppo,
  reinforce,
  rft,
  rifRft,
  rise,
  rloo,
  rTuning,
  selfRewardingPpo,
  star,
  supervised,
  tarot,
  traffic,
  truthrl,
};

/** All methods by name. */
export const methods = methodTable([
  supervised,
  grpo,
  drGrpo,
  dapo,
  gspo,
  cispoMethod,
  rloo,
  reinforce,
  ppo,
  nft,
  rft,
  mrt,
  mrtStar,
  star,
  bots,
  eft,
  tarot,
  rise,
  int,
  rifRft,
  dpo,
  onlineDpo,
  bestOfN,
  expertIteration,
  selfRewardingPpo,
  amft,
  truthrl,
  rTuning,
  otr,
  dft,
  traffic,
]);
