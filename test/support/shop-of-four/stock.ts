/** A Worker whose handlers fail in every way, by the number of the event. */
import { createEvents, NonRetryableError, RetryAfterError } from "tidings";
import { subscriber } from "tidings/worker";

const events = createEvents();
const retries = { limit: 1, backoff: "constant", base: "1 second" } as const;

class EmptyError extends Error {
	override readonly name = "EmptyError";
}

events.on<{ n: number }>(
	"order.placed",
	{ id: "reserve", retries, timeout: 100 },
	async ({ body: { n } }, { attempt }) => {
		switch (n % 100) {
			case 1:
				throw new EmptyError("nothing left");
			case 2:
				if (attempt === 1) throw new EmptyError("nothing left now");
				return;
			case 3:
				throw new NonRetryableError("never sold");
			case 4:
				if (attempt === 1) throw new RetryAfterError("soon", "2 seconds");
				return;
			case 5:
				throw "a text";
			case 6:
				await new Promise(() => {});
		}
	},
);
events.on("nothing.yet", { id: "count", retries }, () => {});

export const Subscriber = subscriber(events, { key: "stock" });
export default {};
