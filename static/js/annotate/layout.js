// How the two images of a card stand: side by side or stacked, whichever shows more of them, each as large as its place allows.

// The size at which all of an image is seen in a place.
export const fit = (place, image) => {
  const scale = Math.min(place.width / image.width, place.height / image.height);
  return { width: image.width * scale, height: image.height * scale };
};

const SIDE_BY_SIDE_IF_EQUAL = 1.02; // stacked only where it shows more than a hair more

// Both images in `room`, with `gap` between them: how they stand, the size of both boxes, and that of each image.
export const arrange = (room, images, gap) => {
  const ways = [false, true].map((isStacked) => {
    const place = isStacked
      ? { width: room.width, height: (room.height - gap) / 2 }
      : { width: (room.width - gap) / 2, height: room.height };
    const shown = images.map((image) => fit(place, image));
    const area = shown.reduce((sum, { width, height }) => sum + width * height, 0);
    const most = (side) => Math.floor(Math.max(...shown.map((size) => size[side])));
    return { isStacked, shown, area, box: { width: most("width"), height: most("height") } };
  });
  const [wide, stacked] = ways;
  return stacked.area > wide.area * SIDE_BY_SIDE_IF_EQUAL ? stacked : wide;
};

export const isStacked = (card) => card.classList.contains("stacked");

// The images of a card that hold its places: the copies for display, not those that zoom lays over them.
export const imagesOf = (card) => [...card.querySelectorAll(".box:not(.over) > img:first-child")];
export const sizeOf = (image) => ({ width: Number(image.getAttribute("width")), height: Number(image.getAttribute("height")) });

// `names` are the alternative texts of the images, by how they stand. `onChange` is called with a card that was laid out anew.
export const createLayout = ({ body, names, onChange = () => {} }) => {
  let room = null; // that of the last card, for those that are made before they are on the page

  const gapOf = (pair) => Number.parseFloat(getComputedStyle(pair).columnGap) || 0;

  const place = (card, gap) => {
    const pair = card.querySelector(".pair");
    const images = imagesOf(card);
    const { isStacked: stacked, shown, box } = arrange(room, images.map(sizeOf), gap);
    card.classList.toggle("stacked", stacked);
    for (const one of pair.querySelectorAll(".box:not(.over)")) {
      Object.assign(one.style, { width: `${box.width}px`, height: `${box.height}px` });
    }
    images.forEach((image, at) => {
      const { width, height } = shown[at];
      image.dataset.sized = "";
      Object.assign(image.style, {
        width: `${width}px`,
        height: `${height}px`,
        left: `${(box.width - width) / 2}px`,
        top: `${(box.height - height) / 2}px`,
      });
      image.alt = (stacked ? names.stacked : names.wide)[at];
      const sizes = `${Math.ceil(width)}px`; // so that the browser fetches the copy that it shows
      if (image.sizes !== sizes) image.sizes = sizes;
    });
  };

  const measure = (card) => {
    const pair = card.querySelector(".pair");
    const { clientWidth: width, clientHeight: height } = pair;
    if (!width || !height) return;
    room = { width, height };
    place(card, gapOf(pair));
    onChange(card);
  };

  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.isConnected) measure(target.closest(".card"));
  });

  return {
    // A card that is made of data, before its images have addresses.
    dress: (card, gap = 8) => room && place(card, gap),
    // A card on the page, now and whenever its room changes.
    watch: (card) => {
      measure(card);
      observer.observe(card.querySelector(".pair"));
    },
    // The words of the page follow the card that is shown.
    show: (card) => {
      body.classList.toggle("stacked", isStacked(card));
      body.classList.toggle("side-by-side", !isStacked(card));
    },
  };
};
