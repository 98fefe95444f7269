import { expect, it } from "vitest";
import { serviceOf } from "../../compose/compose.fixture.js";
import { containerName, imageNameOf, oneOffName } from "./names.js";

it("names are joined by a dash, or by what the project asks for", () => {
  const { image: _, ...built } = serviceOf("build: .");
  const names = (service: typeof built) => [
    containerName("shop", service, 1),
    imageNameOf("shop", service),
    oneOffName("shop", service, "0123456789abcdef"),
  ];
  expect(names(built)).toEqual(["shop-web-1", "shop-web", "shop-web-run-0123456789ab"]);
  expect(names({ ...built, separator: "_" })).toEqual(["shop_web_1", "shop_web", "shop_web_run_0123456789ab"]);
});
