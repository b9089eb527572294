/** What NFT is without its wrong answers: online rejection-sampling fine-tuning, the paper's baseline. */
import { definePreset } from '../../training/index.ts';
import { nft } from './method.ts';

export const rft = definePreset(nft, {
  name: 'rft',
  title: 'Rejection-sampling fine-tuning: likelihood of right answers only',
  defaults: { negativeWeight: 0, questionWeight: 'uniform' },
});
