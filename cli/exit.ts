/** The exit codes, other than 0 for success. */
export const EXIT = {
	/** The request failed, or a job did not act on all of its items. */
	failed: 1,
	usage: 2,
	notFound: 3,
	/** `health` and `doctor` report an error. */
	notHealthy: 4,
} as const;
