/** Lets a call outlive the response of its request. It does not know what the call does. */
import { log } from "../platform/log.ts";
import { pause, realTimer } from "../platform/timer.ts";

type WaitUntil = (promise: Promise<unknown>) => void;

/** The event that the call is about, for the log. */
interface Subject {
	/** Its id. */
	event?: string;
	/** Its name; for a batch, the name of the first event. */
	name?: string;
	/** Number of events in a batch. */
	count?: number;
}

/**
 * Makes a call that the caller does not await outlive the response. Without `waitUntil` the platform would cancel it.
 * A rejection is logged if the caller does not await the call. Otherwise the caller handles it.
 *
 * @param waitUntil the platform's function, if there is one
 */
export function outliveResponse<Result>(
	call: () => Promise<Result>,
	waitUntil: WaitUntil | undefined,
	subject: Subject,
): Promise<Result> {
	const result = call();
	if (!waitUntil) return result;
	const returned = new ReturnedPromise<Result>((resolve, reject) =>
		result.then(resolve, reject),
	);
	// The log reports the rejection of a call that is not awaited: the runtime must not report it again as unhandled.
	Promise.prototype.then.call(returned, undefined, () => {});
	try {
		waitUntil(
			result.catch(async (error) => {
				if (returned.isAwaited) return;
				// `await` calls `then` some microtasks after an immediate rejection.
				await pause(0, realTimer);
				if (!returned.isAwaited)
					log("publish_not_awaited", { ...subject, error });
			}),
		);
	} catch {
		// Outside of a request there is no response to outlive. The caller gets `result`, and its rejection.
		returned.isAwaited = true;
		return result;
	}
	return returned;
}

/** A promise that knows whether it is awaited. `await` calls `then` of a subclass, and of no plain promise. */
class ReturnedPromise<Result> extends Promise<Result> {
	isAwaited = false;

	/** Promises that are derived from it are plain. */
	static override get [Symbol.species]() {
		return Promise;
	}

	// biome-ignore lint/suspicious/noThenProperty: it observes `await`
	override then<Fulfilled = Result, Rejected = never>(
		onFulfilled?:
			| ((value: Result) => Fulfilled | PromiseLike<Fulfilled>)
			| null,
		onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
	): Promise<Fulfilled | Rejected> {
		this.isAwaited = true;
		return super.then(onFulfilled, onRejected);
	}
}
