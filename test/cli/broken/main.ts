/** A Worker whose configuration lacks what `tidings doctor` finds. Its other Worker is bound without an entrypoint. */
import { createEvents } from "tidings";
import { selftest } from "tidings/selftest";
import { worker } from "tidings/worker";

export * from "tidings/objects";

export default worker(createEvents(), {
	selftest: selftest(),
	config: { subscribers: { mail: { binding: "MAIL" as never } } },
});
