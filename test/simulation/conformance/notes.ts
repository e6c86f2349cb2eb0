/** The observations of the probe in order. They are in the memory of the module, which outlives its objects. */

/** One delivery of one message. */
export interface Delivery {
	name: string;
	queue: string;
	id: string;
	attempts: number;
	/** Epoch milliseconds. */
	timestamp: number;
	body: unknown;
	/** The names of all messages in its batch. */
	batch: string[];
	/** Epoch milliseconds. */
	at: number;
}

/** One step of an object, in an alarm or in a call. */
export interface Taken {
	object: string;
	/** The run of the alarm, counted from 1; 0 in a call. */
	run: number;
	step: string;
	result: unknown;
	at: number;
}

export interface Notes {
	deliveries: Delivery[];
	taken: Taken[];
	/** The names of objects whose next constructor call throws. */
	throwing: string[];
	/** How often `scheduled` has run. */
	crons: number;
	isCronThrowing: boolean;
}

export const notes: Notes = {
	deliveries: [],
	taken: [],
	throwing: [],
	crons: 0,
	isCronThrowing: false,
};
