/** Names and texts that run a script where a page does not escape them. The Worker and its test import them. */

/** Where any text is allowed. */
export const EVIL = `"><img src=x onerror=alert(1)><script>alert(2)</script>'`;

/** The id of a handler: any text without spaces. */
export const EVIL_ID = `"><img/src="x"onerror=alert(3)><script>alert(4)</script>'`;

/** The variables of the Worker. Nothing is sent to the queue with the hostile name. */
export const VARS = {
	TIDINGS_QUEUES: {
		events: ["hostile-events", `${EVIL}queue`],
		retries: "hostile-retries",
		deadLetters: "hostile-dead-letters",
		draining: [`${EVIL}queue`],
	},
	CF_VERSION_METADATA: {
		id: `${EVIL}version`,
		tag: `${EVIL}tag`,
		timestamp: "2027-03-01T09:00:00Z",
	},
};

/** Signs the tokens of subscribers. */
export const SECRET = "a secret of the tests, 32 bytes at least";
