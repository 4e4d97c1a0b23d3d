package io.compresso.compress;

/**
 * The answer to a submission.
 *
 * @param replayed whether the idempotency key was seen before, so that nothing new was made
 */
public record Submission(JobInfo job, boolean replayed) {}
