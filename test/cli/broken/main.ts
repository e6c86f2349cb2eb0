/** A Worker whose configuration lacks what `tidings doctor` finds. Its other Worker is bound without an entrypoint. */
import { createEvents } from "tidings";
import { worker } from "tidings/worker";

export * from "tidings/objects";

export default worker(createEvents(), {
	config: { subscribers: { mail: { binding: "MAIL" as never } } },
});
