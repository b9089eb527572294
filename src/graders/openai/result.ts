/** What grading comes to: a reward, and flags that tell a 0 that was earned from a grader that failed. */

/** The flags of the API: all are always there. */
export interface GraderErrors {
  formula_parse_error: boolean;
  sample_parse_error: boolean;
  truncated_observation_error: boolean;
  unresponsive_reward_error: boolean;
  invalid_variable_error: boolean;
  other_error: boolean;
  python_grader_server_error: boolean;
  python_grader_server_error_type: string | null;
  python_grader_runtime_error: boolean;
  python_grader_runtime_error_details: string | null;
  model_grader_server_error: boolean;
  model_grader_refusal_error: boolean;
  model_grader_parse_error: boolean;
  model_grader_server_error_details: string | null;
}

/** Tokens that a judge took. */
export interface JudgeUsage {
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
}

/** What a grader says of one sample. */
export interface GraderResult {
  /** 0 where grading failed. */
  reward: number;
  errors: GraderErrors;
  /** What went wrong, for people; empty where nothing did. */
  problems: string[];
  /** Rewards by name: of every sub-grader, or of the one grader. */
  scores: Record<string, number>;
  /** By judge model. */
  usage: Record<string, JudgeUsage>;
  sampledModel: string | null;
}

export const noErrors = (): GraderErrors => ({
  formula_parse_error: false,
  sample_parse_error: false,
  truncated_observation_error: false,
  unresponsive_reward_error: false,
  invalid_variable_error: false,
  other_error: false,
  python_grader_server_error: false,
  python_grader_server_error_type: null,
  python_grader_runtime_error: false,
  python_grader_runtime_error_details: null,
  model_grader_server_error: false,
  model_grader_refusal_error: false,
  model_grader_parse_error: false,
  model_grader_server_error_details: null,
});

/** Whether grading failed, so that the 0 says nothing of the sample. */
export const hasFailed = ({ errors }: Pick<GraderResult, 'errors'>) =>
  Object.values(errors).some((flag) => flag === true);

/** A failure with its flags. */
export class GradingError extends Error {
  override name = 'GradingError';
  readonly flags: Partial<GraderErrors>;

  constructor(message: string, flags: Partial<GraderErrors>, options?: ErrorOptions) {
    super(message, options);
    this.flags = flags;
  }
}
