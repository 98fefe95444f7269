/**
 * The image store with a voice: what it does to images is told as events, with the attributes that Docker's have.
 *
 * `Actor.ID` is the image's id, for pull and push its name; the attributes are the image's labels and `name`.
 */
import { isDigest } from "../../oci/digest.js";
import { familiarName, familiarReference, parseReference, withDefaultTag } from "../../oci/reference.js";
import type { Images } from "../images/images.js";
import type { Events } from "./containers.js";

/** The same store; events are published when a call has done what it was asked for. */
export function announcingImages<T extends Images>(images: T, events: Pick<Events, "publish">): T {
  return speaking<Images>(images, voiced(images, new ImageVoice(images, events))) as T; // a T with a voice
}

/** `quiet`, with the methods of `spoken` in place of its own. */
function speaking<T extends object>(quiet: T, spoken: Partial<T>): T {
  return new Proxy(quiet, {
    get(target, key) {
      if (Object.hasOwn(spoken, key)) return Reflect.get(spoken, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value; // private members know their own object only
    },
  });
}

function voiced(images: Images, voice: ImageVoice): Partial<Images> {
  return {
    // A build tells of its image as BuildKit does, of the names by `tag`.
    get forBuilds() {
      const quiet = images.forBuilds;
      return speaking(quiet, {
        async putTogether(parts) {
          const id = await quiet.putTogether(parts);
          voice.say("create", id);
          return id;
        },
      });
    },
    async pull(name, options) {
      const image = await images.pull(name, options);
      voice.sayName("pull", name);
      return image;
    },
    async push(name, options) {
      await images.push(name, options);
      voice.sayName("push", name);
    },
    async importRootfs(tar, options) {
      const image = await images.importRootfs(tar, options);
      if (options.reference) voice.sayTag(image.id, options.reference);
      voice.say("import", image.id);
      return image;
    },
    async tag(name, reference) {
      await images.tag(name, reference);
      voice.sayTag(images.resolve(name).id, reference);
    },
    async remove(name, options) {
      const { id } = images.resolve(name);
      const labels = voice.labelsOf(id);
      const items = await images.remove(name, options);
      for (const { Untagged, Deleted } of items) {
        // An untagged digest goes with its tag; what else is deleted are layers.
        if (Untagged !== undefined && !Untagged.includes("@")) voice.say("untag", id, { labels });
        if (Deleted === id) voice.say("delete", id, { labels });
      }
      return items;
    },
    async commit(parent, layer, request) {
      const image = await images.commit(parent, layer, request);
      if (request.reference) voice.sayTag(image.id, request.reference);
      return image;
    },
    async save(names) {
      const archive = await images.save(names);
      for (const name of names) voice.say("save", images.resolve(name).id);
      return archive;
    },
    async load(archive, signal) {
      const loaded = await images.load(archive, signal);
      for (const { id } of loaded) voice.say("load", id);
      return loaded;
    },
  };
}

type Labels = Readonly<Record<string, string>>;

class ImageVoice {
  readonly #images: Images;
  readonly #events: Pick<Events, "publish">;

  constructor(images: Images, events: Pick<Events, "publish">) {
    this.#images = images;
    this.#events = events;
  }

  say(Action: string, id: string, { name = id, labels = this.labelsOf(id) }: { name?: string; labels?: Labels } = {}) {
    this.#events.publish({ Type: "image", Action, Actor: { ID: id, Attributes: { ...labels, name } } });
  }

  sayTag(id: string, reference: string): void {
    const name = isDigest(reference) ? reference : familiarReference(withDefaultTag(parseReference(reference)));
    this.say("tag", id, { name });
  }

  /** Of what went between the engine and a registry, the name is the object. */
  sayName(Action: string, name: string): void {
    const reference = withDefaultTag(parseReference(name));
    const Attributes = { ...this.labelsOf(name), name: familiarName(reference) };
    this.#events.publish({ Type: "image", Action, Actor: { ID: familiarReference(reference), Attributes } });
  }

  /** None when it is gone. */
  labelsOf(name: string): Labels {
    try {
      return this.#images.resolve(name).config.Labels ?? {};
    } catch {
      return {};
    }
  }
}
