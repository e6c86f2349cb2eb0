/** The faults of the simulated platform, and how often they occur. It has no code. */

/** A fault at a single point, such as a call out of an isolate. */
export type Strike =
	/** The isolate dies before it makes the call. */
	| "crash_before"
	/** The isolate dies after the call was performed. */
	| "crash_after"
	/** The call fails and does nothing. */
	| "refused"
	/** The call fails after it performed a part. */
	| "halfway"
	/** The call is performed, but reports a failure. */
	| "lied"
	/** The call never answers and does nothing. */
	| "hung_before"
	/** The call is performed, but never answers. */
	| "hung_after"
	/** The called object is reset before it performs the call. */
	| "reset"
	/** A storage operation of an object fails and does nothing. Earlier writes of the same tick stay. */
	| "storage_failed"
	/** A storage operation of an object fails, rolls back all uncommitted writes, and resets the object. */
	| "storage_broken"
	/** The call answers late. */
	| "slow"
	/** A message is delivered once more than its verdicts require. */
	| "duplicated"
	/** An alarm that was set is lost. */
	| "alarm_lost";

export type Rates = Readonly<Partial<Record<Strike, number>>>;
