// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { events } from "tidings/ampt";

export async function publishLater() {
return (
await events.publish("user.joined", { after: "1 day" }, {
  user_id: "2b6mgh78g334",
  email: "newuser@example.com"
})
);
}
