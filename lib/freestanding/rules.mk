# SPDX-License-Identifier: BSD-2-Clause
# How sources become objects below BUILD: ASM_OBJECTS, C_OBJECTS and FDT_OBJECTS.  Assembly sees the offsets that the
# compiler finds for OFFSETS_SOURCE.

$(BUILD)/asm_offsets.h: $(OFFSETS_SOURCE) $(BUILD_FILES)
	@echo "  OFFSETS $(@F)"
	@mkdir -p $(@D)
	@$(CC) $(MACHINE) $(LANGUAGE) $(INCLUDES) $(WARNINGS) -S -o $(BUILD)/asm_offsets.s $<
	@sed -n 's/^#define/#define/p' $(BUILD)/asm_offsets.s > $@

$(ASM_OBJECTS): $(BUILD)/asm_offsets.h
$(ASM_OBJECTS): $(BUILD)/%.o: %.S
	@echo "  AS $*"
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) -Wa,-mregnames -c -o $@ $<

$(C_OBJECTS): $(BUILD)/%.o: %.c
	@echo "  CC $*"
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) $(WARNINGS) -c -o $@ $<

$(FDT_OBJECTS): $(BUILD)/libfdt/%.o: $(LIBFDT)/%.c
	@echo "  CC libfdt/$*"
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) -w -ffunction-sections -c -o $@ $<

$(BUILD)/shared/%.o: $(ROOT)/lib/%.c
	@echo "  CC shared/$*"
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) $(WARNINGS) -c -o $@ $<

$(BUILD)/freestanding/%.o: $(FREESTANDING)/%.c
	@echo "  CC freestanding/$*"
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) $(WARNINGS) -c -o $@ $<
