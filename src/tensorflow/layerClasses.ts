import { serialization } from "@tensorflow/tfjs-core";

type Class = serialization.SerializableConstructor<serialization.Serializable>;

/** Has models with a layer of this class loaded, also where they name it otherwise. They are saved with the class's own name. */
export function register(cls: Class, ...otherNames: string[]): void {
  serialization.registerClass(cls);
  const { classNameMap } = serialization.SerializationMap.getMap();
  for (const name of otherNames) classNameMap[name] = [cls, cls.fromConfig];
}
